type Connection = Readonly<{ once(event: 'close', then: () => void): unknown }>;

/** For what happens without a sound, as when a key expires; what is done to a key is heard of at once. */
const RECHECK_MS = 2_000;

/** The answers that go on. Each ends with its connection and with its asker's right to it, all when the server stops. */
export class OpenStreams {
  readonly #open = new Map<AbortController, () => void>();

  constructor(private readonly recheckMs = RECHECK_MS) {}

  get count() {
    return this.#open.size;
  }

  /** `mayGoOn` is asked every few seconds, and on `recheck`: a key that is revoked ends the streams that it has opened. */
  signalFor(connection: Connection, mayGoOn: () => Promise<boolean>): AbortSignal {
    const controller = new AbortController();
    const end = () => controller.abort();
    const look = () => {
      // Who cannot be asked now is asked again; nobody is cut off because a database is away.
      mayGoOn().then(
        (may) => may || end(),
        () => undefined,
      );
    };
    this.#open.set(controller, look);
    const recheck = setInterval(look, this.recheckMs).unref();
    connection.once('close', () => {
      clearInterval(recheck);
      this.#open.delete(controller);
      end();
    });
    return controller.signal;
  }

  /** Somebody has lost a right: every asker is looked at again, now. */
  recheck(): void {
    for (const look of this.#open.values()) look();
  }

  end(): void {
    for (const controller of this.#open.keys()) controller.abort();
  }
}
