/** Later than this is late, in milliseconds. */
const TARGET_MS = 300;

/**
 * How long somebody who works through a queue has been late without a break. A stop of a moment, after which the queue is soon
 * worked off, is no sign of too much work; lateness that does not go away is, however small it be: whatever passes the queue
 * ten times is late ten times.
 */
export class Lateness {
  #oldest: number | undefined;
  #since: number | undefined;

  /** What is in hand from now on: when its oldest part was put into the queue. */
  begin(oldest: number, now: number): void {
    this.#oldest = oldest;
    if (now - oldest <= TARGET_MS) this.#since = undefined;
    else this.#since ??= now;
  }

  end(): void {
    this.#oldest = undefined;
  }

  /** For how many milliseconds it has been late; 0 when it is not, or has nothing in hand. */
  forMs(now: number): number {
    if (this.#oldest === undefined) return 0;
    const since = this.#since ?? this.#oldest + TARGET_MS;
    return Math.max(0, now - since);
  }
}
