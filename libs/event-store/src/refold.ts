import type { Transaction } from './checkpoints.js';
import type { Recorded } from './event.js';
import { Seen } from './seen.js';
import type { Subscription } from './subscription.js';
import { keysOf } from './folding.js';
import type { ViewDefinition } from './view-definition.js';
import type { Digest, Snapshot, ViewTable } from './view-table.js';

/** The view that rows are folded for. */
type Owner = Readonly<{
  /** What keeps it up to date. */
  subscription: Subscription;
  /** Whatever it keeps of its rows is of no use any more. */
  forget(): void;
  announce(keys: readonly string[]): void;
}>;

/** How many rows of one view stay in memory, and how many go to the database in one statement. */
const KEPT = 4_000;
const CHUNK = 1_000;

/**
 * A view folded anew, into a table beside the one that is read. Only so many rows are in memory, those that were folded
 * last: what is left alone goes into the table, and comes back from there when an event concerns it again.
 */
export class Refold<Row extends object, Column extends string> {
  readonly #rows = new Map<string, Row | undefined>();
  readonly #changed = new Set<string>();
  readonly #stored = new Seen();
  /** The last event that was folded. */
  position = 0;

  static async begin<Row extends object, Column extends string>(
    definition: ViewDefinition<Row, Column>,
    table: ViewTable<Row, Column>,
    owner: Owner,
  ): Promise<Refold<Row, Column>> {
    return new Refold(definition, table, await table.beside(), owner);
  }

  private constructor(
    private readonly definition: ViewDefinition<Row, Column>,
    private readonly live: ViewTable<Row, Column>,
    private readonly table: ViewTable<Row, Column>,
    private readonly owner: Owner,
  ) {}

  get name(): string {
    return this.definition.name;
  }

  get subscription(): Subscription {
    return this.owner.subscription;
  }

  /** Folds the events up to a position; those that were folded already are passed by. */
  async fold(events: readonly Recorded[], upTo = Infinity): Promise<void> {
    const due = events.filter(({ position }) => position > this.position && position <= upTo);
    const keyed = due.map((event) => [event, keysOf(this.definition, event)] as const);
    await this.#fetch(keyed.flatMap(([, keys]) => keys));
    for (const [event, keys] of keyed) {
      for (const key of keys) {
        const row = this.definition.evolve(this.#rows.get(key), event, key);
        // Put behind all others: what was folded last is kept longest.
        this.#rows.delete(key);
        this.#rows.set(key, row);
        this.#changed.add(key);
      }
    }
    this.position = due.at(-1)?.position ?? this.position;
    if (this.#rows.size > KEPT) await this.#putAway();
  }

  /** All that was folded is in the table. */
  async flush(): Promise<void> {
    await this.#write([...this.#changed]);
  }

  /** Makes its table as good as the other one. Nothing is folded meanwhile. */
  async finish(): Promise<void> {
    await this.flush();
    await this.table.finish();
  }

  /** In the transaction readers see the new rows instead of the old ones. Returns where those are. */
  async takeOver(tx: Transaction): Promise<ViewTable<Row, Column>> {
    const old = await this.live.become(tx, this.table);
    await this.subscription.unpark(tx);
    tx.afterCommit(() => this.owner.forget());
    return old;
  }

  /** Of its own rows, whoever reads them by now. */
  digest(at: Snapshot): Promise<Digest> {
    return this.live.digest(at);
  }

  /** For those who act on changes: any row may be another one now. */
  async announce(at: Snapshot): Promise<void> {
    for await (const rows of this.live.all(at)) this.owner.announce(rows.map(([key]) => key));
  }

  drop(): Promise<void> {
    return this.table.drop();
  }

  async #fetch(keys: readonly string[]): Promise<void> {
    const cold = new Set(keys.filter((key) => !this.#rows.has(key) && this.#stored.mayHave(key)));
    if (cold.size === 0) return;
    for (const [key, row] of await this.table.load([...cold])) this.#rows.set(key, row);
  }

  /** The half that was left alone for longest. */
  async #putAway(): Promise<void> {
    const oldest = [...this.#rows.keys()].slice(0, KEPT >> 1);
    await this.#write(oldest.filter((key) => this.#changed.has(key)));
    for (const key of oldest) this.#rows.delete(key);
  }

  async #write(keys: readonly string[]): Promise<void> {
    for (let at = 0; at < keys.length; at += CHUNK) {
      const chunk = keys.slice(at, at + CHUNK);
      await this.table.fill(new Map(chunk.map((key) => [key, this.#rows.get(key)])));
      for (const key of chunk) {
        this.#stored.add(key);
        this.#changed.delete(key);
      }
    }
  }
}
