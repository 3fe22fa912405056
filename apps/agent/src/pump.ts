import type { Clock } from './clock.js';

/**
 * Work that is done once for however many rings came since it last began, never twice at a time. When it fails it pauses
 * and is done again.
 */
export class Pump {
  #rung = false;
  #stopped = false;
  #running: Promise<void> | undefined;
  #endPause: () => void = () => undefined;

  constructor(
    private readonly work: () => Promise<void>,
    private readonly failed: (cause: unknown) => void,
    private readonly clock: Clock,
    private readonly pauseMs: number,
    /** Milliseconds from one beginning to the next: under load rings gather instead of being followed one by one. */
    private readonly lingerMs = 0,
  ) {}

  ring(): void {
    this.#rung = true;
    if (!this.#stopped) this.#running ??= this.#run();
  }

  /** Resolves when the work that is under way has ended; none begins after that. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#endPause();
    await this.#running;
  }

  async #run(): Promise<void> {
    // Rings of the same breath are one.
    await Promise.resolve();
    while (this.#rung && !this.#stopped) {
      this.#rung = false;
      const began = Date.parse(this.clock.now());
      try {
        await this.work();
        const left = began + this.lingerMs - Date.parse(this.clock.now());
        if (this.#rung && left > 0) await this.#pause(left);
      } catch (cause) {
        this.failed(cause);
        this.#rung = true;
        await this.#pause(this.pauseMs);
      }
    }
    this.#running = undefined;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const callOff = this.clock.after(ms, resolve);
      this.#endPause = () => {
        callOff();
        resolve();
      };
    });
  }
}
