import type { Progress } from './progress.js';

/** Work that several callers wait for: each hears its progress, and it stops when the last of them gives up. */
export class SharedWork<T> {
  private readonly listeners = new Set<{ progress: Progress }>();
  private readonly controller = new AbortController();
  private readonly result: Promise<T>;

  /** Fulfilled when the work is over, well or not. */
  readonly settled: Promise<unknown>;

  constructor(work: (progress: Progress, signal: AbortSignal) => Promise<T>) {
    const tell: Progress = (...news) => this.listeners.forEach(({ progress }) => progress(...news));
    // A moment later, so that the caller who starts the work hears its first word.
    this.result = Promise.resolve().then(() => work(tell, this.controller.signal));
    this.settled = Promise.allSettled([this.result]);
  }

  /** Whether nobody can join any more, because the last caller gave up. */
  get abandoned(): boolean {
    return this.controller.signal.aborted;
  }

  async join(progress: Progress, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const listener = { progress };
    this.listeners.add(listener);
    const { promise: gaveUp, reject } = Promise.withResolvers<never>();
    const leave = (): void => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) this.controller.abort(signal?.reason);
      else reject(signal?.reason);
    };
    signal?.addEventListener('abort', leave);
    try {
      return await Promise.race([this.result, gaveUp]);
    } finally {
      signal?.removeEventListener('abort', leave);
      this.listeners.delete(listener);
    }
  }
}
