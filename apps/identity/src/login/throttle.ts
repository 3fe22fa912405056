/** How many attempts may come at once, and how soon one more is given back. */
type Allowance = Readonly<{ burst: number; everyMs: number }>;

type Bucket = { left: number; at: number };

/** More names or addresses than this at one time are no people; the one that was quiet longest is forgotten. */
const MOST = 20_000;

/**
 * Counts attempts in memory: a burst, then one now and then. An attempt is taken before it is made, so that a thousand at
 * the same moment are not all the first, and given back when it succeeds.
 */
export class Throttle {
  /** In the order of their last attempt. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(private readonly allowance: Allowance) {}

  /** Answers 0, or after how many milliseconds the next attempt may be made. `now` in milliseconds. */
  take(who: string, now: number): number {
    const bucket = this.#refilled(who, now);
    this.#buckets.delete(who);
    this.#buckets.set(who, bucket);
    if (this.#buckets.size > MOST) this.#forgetOldest();
    if (bucket.left < 1) return Math.ceil((1 - bucket.left) * this.allowance.everyMs);
    bucket.left -= 1;
    return 0;
  }

  /** The attempt was good: it shall not count. */
  giveBack(who: string): void {
    const bucket = this.#buckets.get(who);
    if (bucket) bucket.left = Math.min(this.allowance.burst, bucket.left + 1);
  }

  get size(): number {
    return this.#buckets.size;
  }

  #refilled(who: string, now: number): Bucket {
    const { burst, everyMs } = this.allowance;
    const { left, at } = this.#buckets.get(who) ?? { left: burst, at: now };
    return { left: Math.min(burst, left + Math.max(0, now - at) / everyMs), at: now };
  }

  #forgetOldest() {
    for (const who of this.#buckets.keys()) {
      this.#buckets.delete(who);
      return;
    }
  }
}
