type Connection = Readonly<{ once(event: 'close', then: () => void): unknown }>;

const RECHECK_MS = 5_000;

/** The answers that go on. Each ends with its connection and with its asker's right to it, all when the server stops. */
export class OpenStreams {
  readonly #open = new Set<AbortController>();

  constructor(private readonly recheckMs = RECHECK_MS) {}

  get count() {
    return this.#open.size;
  }

  /** `mayGoOn` is asked every few seconds: a key that is revoked ends the streams that it has opened. */
  signalFor(connection: Connection, mayGoOn: () => Promise<boolean>): AbortSignal {
    const controller = new AbortController();
    const end = () => controller.abort();
    this.#open.add(controller);
    const recheck = setInterval(() => {
      // Who cannot be asked now is asked again; nobody is cut off because a database is away.
      mayGoOn().then(
        (may) => may || end(),
        () => undefined,
      );
    }, this.recheckMs).unref();
    connection.once('close', () => {
      clearInterval(recheck);
      this.#open.delete(controller);
      end();
    });
    return controller.signal;
  }

  end(): void {
    for (const controller of this.#open) controller.abort();
  }
}
