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
      try {
        await this.work();
      } catch (cause) {
        this.failed(cause);
        this.#rung = true;
        await this.#pause();
      }
    }
    this.#running = undefined;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const callOff = this.clock.after(this.pauseMs, resolve);
      this.#endPause = () => {
        callOff();
        resolve();
      };
    });
  }
}
