/** The time, and being woken later. An abstract class, so that it is port and Nest token in one. */
export abstract class Clock {
  /** RFC 3339, UTC, milliseconds. */
  abstract now(): string;

  /** Calls `wake` once, no sooner than in `milliseconds`. Returns how to call it off. */
  abstract after(milliseconds: number, wake: () => void): () => void;

  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => void this.after(milliseconds, resolve));
  }
}

export class SystemClock extends Clock {
  override now() {
    return new Date().toISOString();
  }

  override after(milliseconds: number, wake: () => void) {
    const timer = setTimeout(wake, milliseconds);
    return () => clearTimeout(timer);
  }
}

/** A clock for tests: time passes only on `advance`. */
export class ManualClock extends Clock {
  #time: number;
  #alarms: readonly Readonly<{ due: number; wake: () => void }>[] = [];

  constructor(start = '2026-01-01T00:00:00.000Z') {
    super();
    this.#time = Date.parse(start);
  }

  override now() {
    return new Date(this.#time).toISOString();
  }

  override after(milliseconds: number, wake: () => void) {
    const alarm = { due: this.#time + milliseconds, wake };
    this.#alarms = [...this.#alarms, alarm].toSorted((a, b) => a.due - b.due);
    return () => {
      this.#alarms = this.#alarms.filter((it) => it !== alarm);
    };
  }

  /** Lets time pass, and wakes everyone due on the way, in order, each at its own time. */
  advance(milliseconds: number): void {
    const end = this.#time + milliseconds;
    for (let next = this.#alarms[0]; next !== undefined && next.due <= end; next = this.#alarms[0]) {
      this.#alarms = this.#alarms.slice(1);
      this.#time = next.due;
      next.wake();
    }
    this.#time = end;
  }
}
