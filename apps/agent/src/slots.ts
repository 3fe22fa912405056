/** At most `size` pieces of work at once; the others wait in the order in which they came. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(size: number) {
    this.#free = size;
  }

  /** Answers what the work answers. Work that succeeded keeps its slot until `echo`, what it set off, has died away. */
  async run<Result>(work: () => Promise<Result>, echo?: () => Promise<void>): Promise<Result> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    let result: Result;
    try {
      result = await work();
    } catch (error) {
      this.#handOn();
      throw error;
    }
    if (echo) void echo().finally(() => this.#handOn());
    else this.#handOn();
    return result;
  }

  /** A slot is handed on, never returned first: nobody who comes now may overtake who waits. */
  #handOn(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free += 1;
  }
}
