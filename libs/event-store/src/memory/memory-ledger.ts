import { GENESIS, chained, lineOf } from '../chain.js';
import type { Head } from '../draft.js';
import type { SignedCheckpoint } from '../proof/checkpoint.js';
import { EntriesRefused, Ledger, LogNotEmpty } from '../proof/ledger.js';
import type { BrokenStream, Copies, Entry, LedgerSource, LoneEntry } from '../proof/ledger.js';

const PAGE = 1_000;

/** The chain of a log in memory. It is computed when somebody asks for it: nobody else can reach what it is made of. */
export class MemoryLedger extends Ledger {
  readonly #entries: Omit<Entry, 'hash'>[] = [];
  readonly #hashes: string[] = [];
  readonly #checkpoints = new Map<number, SignedCheckpoint>();

  constructor(
    /** Takes entries into the log that this is the ledger of. */
    private readonly restored: (entries: readonly Entry[]) => void,
  ) {
    super();
  }

  /** What the log has just stored. */
  add(entry: Omit<Entry, 'hash'>): void {
    this.#entries.push(entry);
  }

  override async *entries(after: number) {
    this.#chain();
    for (let at = Math.max(0, after); at < this.#entries.length; at += PAGE) {
      yield this.#entries
        .slice(at, at + PAGE)
        .map((entry): Entry => ({ ...entry, hash: this.#hashAt(entry.position) }));
    }
  }

  override async *entriesOf(tenantId: string, after: number) {
    for await (const page of this.entries(after)) {
      const own = page.filter(({ tenant }) => tenant === tenantId);
      yield own.map((entry): LoneEntry => ({ ...entry, before: this.#hashAt(entry.position - 1) }));
    }
  }

  override async head(): Promise<Head> {
    this.#chain();
    const { position, recordedAt } = this.#entries.at(-1) ?? { position: 0, recordedAt: '1970-01-01T00:00:00.000Z' };
    return { position, hash: this.#hashAt(position), recordedAt };
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
    const { length } = this.#entries;
    if (length > 0) throw new LogNotEmpty(length);
    const all: Entry[] = [];
    const versions = new Map<string, number>();
    for await (const page of entries) {
      for (const { stream, version } of page) {
        const isNext = version === (versions.get(stream) ?? 0) + 1;
        if (!isNext) throw new EntriesRefused(`the versions of ${stream} are not 1, 2, 3 …`);
        versions.set(stream, version);
      }
      all.push(...page);
    }
    await then();
    for (const entry of all) this.add(entry);
    this.restored(all);
    for (const checkpoint of checkpoints) await this.keep(checkpoint);
  }

  #hashAt(position: number): string {
    return this.#hashes[position - 1] ?? GENESIS;
  }

  #chain(): void {
    for (const entry of this.#entries.slice(this.#hashes.length)) {
      this.#hashes.push(chained(this.#hashes.at(-1) ?? GENESIS, lineOf(entry)));
    }
  }
}
