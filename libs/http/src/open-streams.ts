import type { ServerResponse } from 'node:http';

/** The answers that go on. Each ends with its connection, and all of them when the server stops. */
export class OpenStreams {
  readonly #open = new Set<AbortController>();

  get count() {
    return this.#open.size;
  }

  signalFor(response: ServerResponse): AbortSignal {
    const controller = new AbortController();
    this.#open.add(controller);
    response.once('close', () => {
      this.#open.delete(controller);
      controller.abort();
    });
    return controller.signal;
  }

  end(): void {
    for (const controller of this.#open) controller.abort();
  }
}
