import { reject } from '@strata/event-sourcing';
import type { Rejection } from '@strata/event-sourcing';
import type { Fault } from './fault.js';
import type { BrokenStream } from './ledger.js';

/** Faults that leave every event what it was. */
const HARMLESS: ReadonlySet<Fault['kind']> = new Set(['signature', 'key', 'command']);

/**
 * What is known to be wrong with a log. A stream whose events are not what was stored takes no more of them: what would
 * be decided on it would rest on something that never happened. Where nobody can say which stream has lost an event, none
 * takes any.
 */
export class Damage {
  readonly #streams = new Set<string>();
  readonly #faults = new Map<string, Fault>();
  #isEverywhere = false;

  /** All that was found at one look, and the streams whose versions tell of it. Returns what was not known yet. */
  add(faults: readonly Fault[], broken: readonly BrokenStream[] = []): readonly Fault[] {
    const news = faults.filter((fault) => !this.#faults.has(nameOf(fault)));
    for (const fault of news) this.#faults.set(nameOf(fault), fault);
    const harmful = faults.filter(({ kind }) => !HARMLESS.has(kind));
    for (const stream of harmful.flatMap(({ streams }) => streams)) this.#streams.add(stream);
    for (const { stream } of broken) this.#streams.add(stream);
    const lost = harmful.reduce((sum, { kind, from, to }) => sum + (kind === 'missing' ? to - from + 1 : 0), 0);
    const placed = broken.reduce((sum, { missing }) => sum + missing, 0);
    const isPlaceless = harmful.some(({ kind, streams }) => streams.length === 0 && kind !== 'missing');
    if (lost > placed || isPlaceless) this.#isEverywhere = true;
    return news;
  }

  get isEverywhere(): boolean {
    return this.#isEverywhere;
  }

  /** Whether what is folded from the log may be wrong. */
  get isHarmful(): boolean {
    return this.#isEverywhere || this.#streams.size > 0;
  }

  /** The streams that take no more events. */
  get streams(): readonly string[] {
    return [...this.#streams];
  }

  /** For those who ask how the service is; it names nobody's things. */
  get sentence(): string | undefined {
    const count = this.#faults.size;
    if (count === 0) return undefined;
    const faults = count === 1 ? '1 fault' : `${count} faults`;
    return `its log has ${faults}, and ${this.#closed} can be written: see \`strata log verify\``;
  }

  get #closed(): string {
    if (this.#isEverywhere) return 'nothing';
    return this.#streams.size > 0 ? `all but ${this.#streams.size} of its streams` : 'all';
  }

  refusalFor(stream: string): Rejection | undefined {
    if (!this.#isEverywhere && !this.#streams.has(stream)) return undefined;
    return reject('log.damaged', 'its part of the log is not what was stored: it can be read, and not be changed');
  }
}

const nameOf = ({ kind, from, to }: Fault) => `${kind} ${from} ${to}`;
