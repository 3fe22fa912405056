/** What was started and must be ended, however the bench ends: last begun, first ended. */
export class Ends {
  #ends: (() => Promise<unknown>)[] = [];
  #isOver = false;

  /**
   * Answers how to end it before its time. It is ended once.
   * @throws when all is being ended already: what was begun too late is ended with the rest
   */
  add(end: () => Promise<unknown>): () => Promise<void> {
    this.#ends.push(end);
    if (this.#isOver) throw new Error('the bench was called off');
    return async () => {
      if (!this.#ends.includes(end)) return;
      this.#ends = this.#ends.filter((it) => it !== end);
      await end();
    };
  }

  /** Ends everything, also when something will not end; then it throws what went wrong. */
  async all(): Promise<void> {
    this.#isOver = true;
    const failures: unknown[] = [];
    for (let end = this.#ends.pop(); end; end = this.#ends.pop()) {
      await end().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw new AggregateError(failures, 'not everything that the bench started could be ended');
  }
}
