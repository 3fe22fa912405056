/** What the simulation needs of time. Every clock of the house fits: the system's, and the manual ones of tests. */
export type Clock = Readonly<{
  /** RFC 3339. */
  now(): string;
  /** Calls `wake` once after `ms` milliseconds; the returned function calls it off. */
  after(ms: number, wake: () => void): () => void;
}>;

export const realTime: Clock = {
  now: () => new Date().toISOString(),
  after(ms, wake) {
    // A simulated guest that boots or shuts down must not keep the process alive.
    const timer = setTimeout(wake, ms).unref();
    return () => clearTimeout(timer);
  },
};

type Alarm = { readonly at: number; readonly wake: () => void };

/** Time that passes only on `tick`. */
export class VirtualTime implements Clock {
  #now: number;
  #alarms: Alarm[] = [];

  constructor(start = '2026-01-01T00:00:00.000Z') {
    this.#now = Date.parse(start);
  }

  now(): string {
    return new Date(this.#now).toISOString();
  }

  after(ms: number, wake: () => void): () => void {
    const alarm: Alarm = { at: this.#now + ms, wake };
    // Kept in order of time; of two alarms for the same moment the older one rings first.
    const later = this.#alarms.findIndex((other) => other.at > alarm.at);
    this.#alarms.splice(later === -1 ? this.#alarms.length : later, 0, alarm);
    return () => {
      this.#alarms = this.#alarms.filter((other) => other !== alarm);
    };
  }

  /** Lets `ms` milliseconds pass. Between two alarms everybody who was waiting may act and set alarms of their own. */
  async tick(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (let next = this.#alarms[0]; next && next.at <= end; next = this.#alarms[0]) {
      this.#alarms.shift();
      this.#now = Math.max(this.#now, next.at);
      next.wake();
      await settled();
    }
    this.#now = end;
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
