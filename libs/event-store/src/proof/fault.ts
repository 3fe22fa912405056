import type { Entry } from './ledger.js';

/**
 * `changed`: the event is not what was stored; `hash`: only its hash is not. `swapped`: what was stored here lies at
 * another position. `copy`: it is there twice. `surplus`: it is behind the end. `head`: what the log says of its end is
 * wrong. `rewritten`: the chain holds, and is not the one that was signed. `tenant`, `command`: a column says other than
 * the event. `signature`: a checkpoint was not signed by the key that it names; `key`: nobody here knows that key. `file`:
 * a file of an export is not what its manifest says.
 */
export type FaultKind =
  | ('changed' | 'hash' | 'swapped' | 'missing' | 'copy' | 'surplus' | 'head' | 'rewritten' | 'tenant' | 'command')
  | ('signature' | 'key' | 'file');

/** Something about a log that is not as it was. */
export type Fault = Readonly<{
  kind: FaultKind;
  /** The first and the last position that it concerns. */
  from: number;
  to: number;
  /** Whose events these are, as far as that can be said. */
  streams: readonly string[];
  /** A sentence for people. */
  what: string;
}>;

/** What was found, bounded: a log that was lost altogether has more faults than anybody reads. */
export type Found = Readonly<{ faults: readonly Fault[]; more: number }>;

export const MOST_FAULTS = 100;

/** Faults as they come. */
export class Faults {
  readonly #faults: Fault[] = [];
  #more = 0;

  get count(): number {
    return this.#faults.length + this.#more;
  }

  add(kind: FaultKind, from: number, to: number, what: string, entry?: Pick<Entry, 'stream'>): void {
    if (this.#faults.length === MOST_FAULTS) this.#more++;
    else this.#faults.push({ kind, from, to, streams: entry ? [entry.stream] : [], what });
  }

  /** With others, in order of position. */
  found(others: readonly Fault[] = [], more = 0): Found {
    const all = [...this.#faults, ...others].toSorted((a, b) => a.from - b.from);
    const faults = all.slice(0, MOST_FAULTS);
    return { faults, more: all.length - faults.length + this.#more + more };
  }
}
