import type { Recorded } from '../event.js';

/** The newest events of a log, kept while they follow on without a gap: who tails the log need not ask the database. */
export class Tail {
  #events: Recorded[] = [];

  constructor(
    /** The newest position there is, as far as this process knows. */
    public head: number,
    private readonly capacity: number,
  ) {}

  /** Takes events that end at the head. What came before stays only if these follow on from it. */
  push(events: readonly Recorded[]): void {
    const first = events[0]?.position;
    const last = events.at(-1)?.position;
    if (first === undefined || last === undefined) return;
    if (this.#events.at(-1)?.position !== first - 1) this.#events = [];
    this.#events.push(...events);
    this.head = Math.max(this.head, last);
    // Twice the capacity before it is cut: each event is then moved once on average, not once per append.
    if (this.#events.length > 2 * this.capacity) this.#events = this.#events.slice(-this.capacity);
  }

  /** `undefined` when it cannot say. */
  read(after: number, limit: number): readonly Recorded[] | undefined {
    if (after >= this.head) return [];
    const first = this.#events[0]?.position;
    if (first === undefined || after < first - 1) return undefined;
    const from = after - first + 1;
    return from < this.#events.length ? this.#events.slice(from, from + limit) : undefined;
  }
}
