/** Many listeners, no data. A listener that throws is the listener's fault and stops nobody else's. */
export class Doorbell {
  readonly #listeners = new Set<() => void>();

  ring(): void {
    for (const listener of this.#listeners) queueMicrotask(listener);
  }

  listen(listener: () => void): () => void {
    // A wrapper of its own, so that the same function may listen twice and leave once.
    const own = () => listener();
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }
}

/** One sleeper that hears every ring, also the one that came just before it lay down. */
export class Bell {
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  async heard(): Promise<void> {
    if (!this.#rung) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#rung = false;
    this.#wake = undefined;
  }
}
