import type { Checkpoints, Transaction } from './checkpoints.js';
import type { EventLog } from './event-log.js';
import type { Recorded } from './event.js';
import { foldInto, keysOf } from './folding.js';
import type { Past } from './past.js';
import { pastRows } from './past-rows.js';
import { Recent } from './recent.js';
import { Refold } from './refold.js';
import { Subscription } from './subscription.js';
import { isFor, viewId } from './view-definition.js';
import type { Counts, Listing, Page, Sight, ViewDefinition } from './view-definition.js';
import type { Read, Snapshot, ViewTable } from './view-table.js';

/** Reads of a view: of all its rows or, mostly, of those that one tenant may see. */
export type TenantRows<Row extends object, Column extends string> = Readonly<{
  get(key: string): Promise<Row | undefined>;
  getMany(keys: readonly string[]): Promise<ReadonlyMap<string, Row>>;
  /** As `get`, for whoever must know how far the log had come. */
  look(key: string): Promise<Sight<Row>>;
  list(listing?: Listing<Column>): Promise<Page<Row>>;
  count(column: Column): Promise<Counts>;
}>;

/** What a view stands on. */
type Ground = Readonly<{ log: EventLog; checkpoints: Checkpoints; past: Past; snapshot: () => Promise<Snapshot> }>;

/** Readers are people and lists, which wait for what they must see: the database sees a tenth of the batches. */
const LINGER = 20;

/** How many of the rows that were folded last are kept in memory, so that folding on need not read them. */
const WARM = 2_000;

/** Views stand still at one position while they are read together. */
export const together = async <T>(
  views: readonly Readonly<{ subscription: Subscription }>[],
  read: () => Promise<T>,
): Promise<T> => {
  const subscriptions = views.map(({ subscription }) => subscription);
  const hold = (index: number): Promise<T> => {
    const subscription = subscriptions[index];
    return subscription ? subscription.between(() => hold(index + 1)) : readHeld();
  };
  const readHeld = async () => {
    const position = Math.max(...subscriptions.map((it) => it.position));
    for (const subscription of subscriptions) await subscription.goOnTo(position);
    return read();
  };
  return hold(0);
};

/** A fold that is kept up to date, and questions about it. */
export class View<Row extends object, Column extends string> {
  readonly #warm = new Recent<string, Row | null>(WARM);
  readonly #changes = new Set<(keys: readonly string[]) => void>();

  static async start<Row extends object, Column extends string>(
    definition: ViewDefinition<Row, Column>,
    table: ViewTable<Row, Column>,
    ground: Ground,
  ): Promise<View<Row, Column>> {
    const view = new View(definition, table, ground);
    view.#subscription = await Subscription.start(
      {
        name: viewId(definition),
        log: ground.log,
        from: 'start',
        lingerMs: definition.lingerMs ?? LINGER,
        effect: 'single',
        concerns: (event) => keysOf(definition, event).length > 0,
        handle: (batch, tx) => view.#handle(batch, tx),
        repeated: (batch) => view.#tell(batch.flatMap((event) => keysOf(definition, event))),
      },
      ground.checkpoints,
    );
    return view;
  }

  #subscription: Subscription;

  private constructor(
    private readonly definition: ViewDefinition<Row, Column>,
    private readonly table: ViewTable<Row, Column>,
    private readonly ground: Ground,
  ) {}

  get name(): string {
    return this.definition.name;
  }

  /** What keeps it up to date: its position, lag, failure, what is parked. */
  get subscription() {
    return this.#subscription;
  }

  async get(key: string): Promise<Row | undefined> {
    return (await this.getMany([key])).get(key);
  }

  getMany(keys: readonly string[]): Promise<ReadonlyMap<string, Row>> {
    return this.#getMany(keys);
  }

  look(key: string): Promise<Sight<Row>> {
    return this.#placed(this.table.look(key));
  }

  list(listing: Listing<Column> = {}): Promise<Page<Row>> {
    return this.#placed(this.table.list(listing));
  }

  /** The rows as one tenant may see them: its own and, where the view shares them, those of the platform. */
  of(tenantId: string): TenantRows<Row, Column> {
    return {
      get: async (key) => (await this.#getMany([key], tenantId)).get(key),
      getMany: (keys) => this.#getMany(keys, tenantId),
      look: (key) => this.#placed(this.table.look(key, tenantId)),
      list: (listing = {}) => this.#placed(this.table.list(listing, tenantId)),
      count: (column) => this.#placed(this.table.count(column, tenantId)),
    };
  }

  count(column: Column): Promise<Counts> {
    return this.#placed(this.table.count(column));
  }

  /** The rows as they were when the log had come to a position: folded anew and, for a tenant, from its events alone. */
  asOf(position: number, tenantId?: string): Promise<TenantRows<Row, Column>> {
    return pastRows(this.definition, tenantId, position, this.ground);
  }

  /** Read your writes: resolves once the event at this position is in the rows. @throws when that takes too long */
  waitFor(position: number, milliseconds?: number): Promise<void> {
    return this.#subscription.waitFor(position, milliseconds);
  }

  /** Resolves once everything that is in the log by now is in the rows, or after a while without it. */
  async catchUp(milliseconds = 500): Promise<void> {
    const head = await this.ground.log.head();
    // A view that cannot keep up answers with what it has: late rows are better than none.
    await this.#subscription.waitFor(head, milliseconds).catch(() => undefined);
  }

  /** Called after each commit with the keys that changed. Returns how to stop it. */
  onChange(listener: (keys: readonly string[]) => void): () => void {
    const own = (keys: readonly string[]) => listener(keys);
    this.#changes.add(own);
    return () => void this.#changes.delete(own);
  }

  /** SHA-256 over all rows, as they are at one moment. */
  async hash(): Promise<string> {
    const at = await this.ground.snapshot();
    try {
      return (await this.table.digest(at)).hash;
    } finally {
      await at.close();
    }
  }

  /** Begins to fold everything again, into a table beside the one that is read. */
  async refold(): Promise<Refold<Row, Column>> {
    return Refold.begin(this.definition, this.table, {
      subscription: this.#subscription,
      forget: () => this.#warm.clear(),
      announce: (keys) => this.#tell(keys),
    });
  }

  async #handle(batch: readonly Recorded[], tx: Transaction): Promise<void> {
    const touched = new Set(batch.flatMap((event) => keysOf(this.definition, event)));
    if (touched.size === 0) return;
    const rows = await this.#rowsOf([...touched]);
    for (const event of batch) foldInto(this.definition, rows, event);
    const changed = new Map([...touched].map((key) => [key, rows.get(key)] as const));
    // Until this is committed the rows in memory are those of before, and nobody may fold on from the new ones.
    for (const key of touched) this.#warm.delete(key);
    await this.table.saveAlone(tx, changed);
    tx.afterCommit(() => {
      for (const [key, row] of changed) this.#warm.set(key, row ?? null);
    });
    this.#announce(tx, [...touched]);
  }

  /** From memory where it has them, unless another process writes them by now. */
  async #getMany(keys: readonly string[], tenantId?: string): Promise<ReadonlyMap<string, Row>> {
    const isOurs = this.#subscription.failure === undefined;
    const warm = new Map(isOurs ? keys.flatMap((key) => this.#warmRow(key)) : []);
    const cold = keys.filter((key) => !warm.has(key));
    const rows = cold.length > 0 ? await this.table.getMany(cold, tenantId) : new Map<string, Row>();
    for (const [key, row] of warm) {
      if (row && (tenantId === undefined || isFor(this.definition, row, tenantId))) rows.set(key, row);
    }
    return rows;
  }

  #warmRow(key: string): [string, Row | null][] {
    const row = this.#warm.get(key);
    return row === undefined ? [] : [[key, row]];
  }

  /** From memory where it has them; only this subscription writes them, and who takes it over is fenced off. */
  async #rowsOf(keys: readonly string[]): Promise<Map<string, Row>> {
    const cold = keys.filter((key) => this.#warm.get(key) === undefined);
    const rows = cold.length > 0 ? await this.table.load(cold) : new Map<string, Row>();
    for (const key of keys) {
      const row = this.#warm.get(key);
      if (row) rows.set(key, row);
    }
    return rows;
  }

  /**
   * How far what was read is true. The table's own word comes from the same instant as the rows; while the kept cursor is
   * at that word, whatever was passed since did not concern this view. A table without a word is read at once.
   */
  async #placed<T extends object>(reading: Promise<Read<T>>): Promise<T & Readonly<{ position: number }>> {
    const { position } = this.#subscription;
    const { cursor, ...read } = await reading;
    const { kept, position: now } = this.#subscription;
    const told = cursor === undefined ? position : cursor === kept ? now : cursor;
    // Taking the cursor away leaves what was asked for.
    return { ...(read as unknown as T), position: told };
  }

  #announce(tx: Transaction, keys: readonly string[]) {
    tx.afterCommit(() => this.#tell(keys));
  }

  #tell(keys: readonly string[]) {
    for (const listener of this.#changes) queueMicrotask(() => listener(keys));
  }
}
