import { GENESIS, chained, lineOf } from '../chain.js';
import { LANE } from '../draft.js';
import type { Head } from '../draft.js';
import type { Origin, Recorded } from '../event.js';
import { parsed } from '../json.js';
import type { SignedCheckpoint } from '../proof/checkpoint.js';
import { EntriesRefused, Ledger, LogNotEmpty } from '../proof/ledger.js';
import type { BrokenStream, Copies, Entry, LedgerSource, LoneEntry } from '../proof/ledger.js';

const PAGE = 1_000;

/** Where a log in memory keeps its events. */
export type MemoryEvents = Readonly<{
  all(): readonly Recorded[];
  restore(events: readonly Recorded[]): void;
}>;

/** The chain of a log in memory. It is computed when somebody asks for it: nobody else can reach what it is made of. */
export class MemoryLedger extends Ledger {
  readonly #entries: Entry[] = [];
  readonly #checkpoints = new Map<number, SignedCheckpoint>();

  constructor(private readonly events: MemoryEvents) {
    super();
  }

  override async *entries(after: number) {
    const entries = this.#chain();
    for (let at = Math.max(0, after); at < entries.length; at += PAGE) yield entries.slice(at, at + PAGE);
  }

  override async *entriesOf(tenantId: string, after: number) {
    const own = this.#chain().filter(({ tenant, position }) => tenant === tenantId && position > after);
    yield own.map((entry): LoneEntry => ({ ...entry, before: this.#entries[entry.position - 2]?.hash ?? GENESIS }));
  }

  override async head(): Promise<Head> {
    const last = this.#chain().at(-1);
    if (!last) return { position: 0, hash: GENESIS, recordedAt: '1970-01-01T00:00:00.000Z' };
    const { position, hash, recordedAt } = last;
    return { position, hash, recordedAt };
  }

  override async checkpoints() {
    return [...this.#checkpoints.values()].toSorted((a, b) => a.position - b.position);
  }

  override async lastCheckpoint(upTo = Infinity) {
    return (await this.checkpoints()).findLast(({ position }) => position <= upTo);
  }

  override async keep(checkpoint: SignedCheckpoint) {
    if (!this.#checkpoints.has(checkpoint.position)) this.#checkpoints.set(checkpoint.position, checkpoint);
  }

  override async brokenStreams(): Promise<readonly BrokenStream[]> {
    return []; // Nobody but this process reaches them.
  }

  override async copies(): Promise<readonly Copies[]> {
    return []; // as above
  }

  override async restore({ entries, checkpoints }: LedgerSource, then: () => Promise<void> = async () => {}) {
    const { length } = this.events.all();
    if (length > 0) throw new LogNotEmpty(length);
    const all: Recorded[] = [];
    for await (const page of entries) all.push(...page.map(recordedOf));
    const versions = new Map<string, number>();
    for (const { stream, version } of all) {
      if (version !== (versions.get(stream) ?? 0) + 1) {
        throw new EntriesRefused(`the versions of ${stream} are not 1, 2, 3 …`);
      }
      versions.set(stream, version);
    }
    await then();
    this.events.restore(all);
    for (const checkpoint of checkpoints) await this.keep(checkpoint);
  }

  #chain(): readonly Entry[] {
    const events = this.events.all();
    for (let at = this.#entries.length; at < events.length; at++) {
      const event = events[at];
      if (event === undefined) break;
      const texts = { meta: JSON.stringify(event.meta), data: JSON.stringify(event.data) };
      const { tenantId: tenant, commandId: command } = event.meta;
      const hash = chained(this.#entries.at(-1)?.hash ?? GENESIS, lineOf({ ...event, ...texts }));
      this.#entries.push({ ...event, ...texts, tenant, command, hash });
    }
    return this.#entries;
  }
}

const recordedOf = ({ hash: _, tenant: __, command: ___, meta, data, ...event }: Entry): Recorded => ({
  ...event,
  lane: LANE,
  data: parsed<object>(data),
  meta: parsed<Origin>(meta),
});
