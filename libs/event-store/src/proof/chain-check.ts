import { chained, lineOf } from '../chain.js';
import type { Head } from '../draft.js';
import type { Checkpoint } from './checkpoint.js';
import { Faults, MOST_FAULTS } from './fault.js';
import type { Fault, Found } from './fault.js';
import type { Copies, Entry } from './ledger.js';
import { explained } from './suspects.js';
import type { Suspect } from './suspects.js';

/** Where a check begins: behind this position, whose hash may be unknown. */
export type Start = Readonly<{ position: number; hash: string | undefined }>;

/** Entries that are not right and too many to be looked at one by one. */
type Crowd = Readonly<{ from: number; to: number; count: number }>;

/**
 * Goes over a log, entry by entry, and finds every place where it is not what was stored. It goes on after each: an entry
 * is checked against the hash that is stored for the one before it, so that one broken entry breaks no other.
 */
export class ChainCheck {
  readonly #faults = new Faults();
  readonly #suspects: Suspect[] = [];
  #crowd: Crowd | undefined;
  #last: Readonly<{ position: number; hash: string | undefined; before: string | undefined }>;
  #events = 0;
  /** The next checkpoint, and the last position up to which one has vouched for everything. */
  #next = 0;
  #vouched: number;
  #isRewritten = false;

  constructor(
    start: Start,
    /** Those whose signatures are good, by position. */
    private readonly checkpoints: readonly Checkpoint[],
    /** What the log says of its end. */
    private readonly head?: Head,
  ) {
    this.#last = { ...start, before: undefined };
    this.#vouched = Math.max(0, start.position);
    this.#skip(start.position);
  }

  /** How many entries it has seen. */
  get events(): number {
    return this.#events;
  }

  get position(): number {
    return this.#last.position;
  }

  get hash(): string | undefined {
    return this.#last.hash;
  }

  /** How many there are so far, innocent suspects among them. */
  get faults(): number {
    return this.#faults.count + this.#suspects.length + (this.#crowd?.count ?? 0);
  }

  take(entries: readonly Entry[]): void {
    for (const entry of entries) this.#take(entry);
  }

  /** `later`: what the log says of its end now; by then it may have grown. */
  end({ later = this.head, copies = [] }: Readonly<{ later?: Head; copies?: readonly Copies[] }> = {}): Found {
    this.#lookAtTheEnd(later);
    const hashes = this.checkpoints.map(({ hash }) => hash);
    const known = new Set(this.head ? [...hashes, this.head.hash] : hashes);
    const others = [...explained(this.#suspects, { known, copies }), ...this.#crowdFault()];
    const told = new Set(others.filter(({ kind }) => kind === 'copy').map(({ from }) => from));
    for (const { positions } of copies) {
      const [first, ...rest] = positions;
      for (const position of rest) {
        if (position === first || told.has(position)) continue;
        this.#faults.add('copy', position, position, `the same event is also at ${first}`);
      }
    }
    return this.#faults.found(others);
  }

  #take(entry: Entry): void {
    const line = lineOf(entry);
    this.#events++;
    this.#lookBeside(entry);
    if (entry.position <= this.#last.position) return this.#again(entry, line);
    if (entry.position > this.#last.position + 1) this.#gap(entry.position);
    const { hash: before } = this.#last;
    if (before !== undefined && chained(before, line) !== entry.hash) this.#suspect({ entry, before });
    this.#last = { position: entry.position, hash: entry.hash, before };
    this.#meetHead(entry);
    this.#meetCheckpoint(entry);
  }

  /** What is stored beside the event says the same as the event. Its text is flat, so the words are enough. */
  #lookBeside(entry: Entry): void {
    const { position, meta, tenant, command } = entry;
    if (!meta.includes(`"tenantId":${JSON.stringify(tenant)}`)) {
      this.#faults.add('tenant', position, position, `its row names the tenant ${tenant}, the event another`, entry);
    }
    if (!meta.includes(`"commandId":${JSON.stringify(command)}`)) {
      this.#faults.add('command', position, position, `its row names the command ${command}, the event another`, entry);
    }
  }

  /** A position that was there already. If this is the event that was stored there, the one before it is not. */
  #again(entry: Entry, line: string): void {
    const { position, before } = this.#last;
    const suspect = this.#suspects.at(-1);
    const what = 'there are two events at this position';
    const isSame = entry.position === position && suspect?.entry.position === position;
    if (isSame && before !== undefined && chained(before, line) === entry.hash) {
      this.#suspects.pop();
      this.#last = { position, hash: entry.hash, before };
      this.#faults.add('copy', position, position, what, suspect.entry);
    } else this.#faults.add('copy', entry.position, entry.position, what, entry);
  }

  #gap(position: number): void {
    const from = this.#last.position + 1;
    const count = position - from;
    this.#faults.add('missing', from, position - 1, count > 1 ? `${count} events are missing` : 'an event is missing');
    // What a checkpoint says of the event before is as good as the event.
    const known = this.checkpoints.find((it) => it.position === position - 1);
    this.#last = { position: position - 1, hash: known?.hash, before: undefined };
    this.#skip(position - 1);
  }

  #skip(position: number): void {
    while ((this.checkpoints[this.#next]?.position ?? Infinity) <= position) this.#next++;
  }

  #suspect(suspect: Suspect): void {
    const { position } = suspect.entry;
    if (this.#suspects.length < MOST_FAULTS) this.#suspects.push(suspect);
    else this.#crowd = { from: this.#crowd?.from ?? position, to: position, count: (this.#crowd?.count ?? 0) + 1 };
  }

  #isSuspect(position: number): boolean {
    return this.#suspects.at(-1)?.entry.position === position || this.#crowd?.to === position;
  }

  #meetHead({ position, hash, stream }: Entry): void {
    if (position !== this.head?.position || hash === this.head.hash || this.#isSuspect(position)) return;
    const what = 'the log says of its end another hash than this event has';
    this.#faults.add('head', position, position, what, { stream });
  }

  /** The chain may hold in itself and yet be another than the one that was signed. */
  #meetCheckpoint(entry: Entry): void {
    const checkpoint = this.checkpoints[this.#next];
    if (checkpoint?.position !== entry.position) return;
    this.#next++;
    if (checkpoint.hash === entry.hash) {
      this.#vouched = entry.position;
      this.#isRewritten = false;
      return;
    }
    const last = this.#suspects.at(-1);
    // Only its hash was changed: what would be its hash is the one that was signed.
    const isHash = last?.entry === entry && chained(last.before, lineOf(entry)) === checkpoint.hash;
    if (isHash || this.#isRewritten) return;
    this.#isRewritten = true;
    const what = 'events were rewritten, and the hashes with them: a signed checkpoint names another hash';
    this.#faults.add('rewritten', this.#vouched + 1, entry.position, what);
  }

  #lookAtTheEnd(later: Head | undefined): void {
    const { position } = this.#last;
    const should = Math.max(this.head?.position ?? 0, this.checkpoints.at(-1)?.position ?? 0);
    if (position < should) {
      const who = should === this.head?.position ? 'the log' : 'a signed checkpoint';
      const what = `the end is missing: ${who} tells of ${should} events`;
      this.#faults.add('missing', Math.max(position, 0) + 1, should, what);
    }
    if (later && position > later.position) {
      const what = `the log ends at ${later.position}: what follows was not stored by it`;
      this.#faults.add('surplus', later.position + 1, position, what);
    }
  }

  #crowdFault(): readonly Fault[] {
    if (!this.#crowd) return [];
    const { from, to, count } = this.#crowd;
    return [{ kind: 'changed', from, to, streams: [], what: `${count} more events here are not what was stored` }];
  }
}
