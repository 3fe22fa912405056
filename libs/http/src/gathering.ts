type Waiting<In, Out> = Readonly<{ it: In; resolve: (out: Out) => void; reject: (cause: unknown) => void }>;

/** Does together what comes while the batch before is under way; alone, it goes at once. A batch that fails, fails whole. */
export class Gathering<In, Out> {
  #waiting: Waiting<In, Out>[] = [];
  #running: Promise<void> | undefined;

  constructor(private readonly together: (batch: readonly In[]) => Promise<readonly Out[]>) {}

  add(it: In): Promise<Out> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ it, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing is under way any more. */
  async quiet(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // What is added in the same breath goes together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        const outs = await this.together(batch.map(({ it }) => it));
        batch.forEach(({ resolve, reject }, index) => {
          if (index < outs.length)
            resolve(outs[index] as Out); // within its length, by the line before
          else reject(new Error('a batch was answered in part'));
        });
      } catch (cause) {
        for (const { reject } of batch) reject(cause);
      }
    }
    this.#running = undefined;
  }
}
