type Connection = Readonly<{ once(event: 'close', then: () => void): unknown }>;

/** The answers that go on. Each ends with its connection, and all of them when the server stops. */
export class OpenStreams {
  readonly #open = new Set<AbortController>();

  get count() {
    return this.#open.size;
  }

  signalFor(connection: Connection): AbortSignal {
    const controller = new AbortController();
    this.#open.add(controller);
    connection.once('close', () => {
      this.#open.delete(controller);
      controller.abort();
    });
    return controller.signal;
  }

  end(): void {
    for (const controller of this.#open) controller.abort();
  }
}
