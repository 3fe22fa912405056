import type { Answer, Ask } from './asker.js';

export type Acknowledged = Readonly<{ ask: Ask & { key: string }; answer: Answer; at: number }>;

/** What was asked under which key, and what was answered: whatever is in here must be so, whatever happens to the server. */
export class Ledger {
  readonly #acknowledged = new Map<string, Acknowledged>();
  /** How often each status was answered; `none` where there was no answer. */
  readonly statuses = new Map<number | 'none', number>();
  /** What was said last by a server that could not. */
  lastRefusal = '';
  /** Statuses that no server may ever answer, with what it said. */
  readonly surprises: string[] = [];
  readonly #listeners = new Set<(entry: Acknowledged) => void>();

  /** Every try, also those that came to nothing. */
  count(status: number | 'none'): void {
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
  }

  acknowledge(ask: Ask & { key: string }, answer: Answer): void {
    const entry = { ask, answer, at: performance.now() };
    this.#acknowledged.set(ask.key, entry);
    for (const listener of this.#listeners) listener(entry);
  }

  get size(): number {
    return this.#acknowledged.size;
  }

  entries(): readonly Acknowledged[] {
    return [...this.#acknowledged.values()];
  }

  /** Called with everything that is acknowledged from now on. Returns how to stop it. */
  onAcknowledged(listener: (entry: Acknowledged) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

/** In the order of the statuses: `202: 11213, 503: 40, none: 12`. */
export const tallyOf = (statuses: ReadonlyMap<number | 'none', number>): string =>
  [...statuses]
    .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1))
    .map(([status, count]) => `${status}: ${count}`)
    .join(', ');
