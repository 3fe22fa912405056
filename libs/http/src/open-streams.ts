import { problem } from './problem.js';

type Connection = Readonly<{
  once(event: 'close', then: () => void): unknown;
  /** Calls when nothing has gone through for so many milliseconds. */
  setTimeout(milliseconds: number, then: () => void): unknown;
  socket: Readonly<{ resetAndDestroy(): unknown }> | null;
}>;

type Asker = Readonly<{ userId: string; tenantId: string }>;

type Open = Readonly<{ asker: Asker; look: () => void }>;

export type Limits = Readonly<{
  /** How many streams one user may have open at a time, in whatever tenant. */
  ofUser: number;
  /** And how many all users of a tenant together. */
  ofTenant: number;
  /** How often each asker is looked at, for what happens without a sound, as when a key expires. */
  recheckMs: number;
  /**
   * Longer than the silence between two signs of life: who takes nothing for so long does not read. Node looks a second time,
   * so it is twice as long before somebody is cut off.
   */
  patienceMs: number;
}>;

const LIMITS: Limits = { ofUser: 400, ofTenant: 1_000, recheckMs: 2_000, patienceMs: 16_000 };

/**
 * The answers that go on. Each ends with its connection and with its asker's right to it, all when the server stops. Who has
 * too many of them gets no more, and who does not read is cut off: what waits for a reader is bounded, and so is the waiting.
 */
export class OpenStreams {
  readonly #open = new Map<AbortController, Open>();
  readonly #limits: Limits;

  constructor(limits: Partial<Limits> = {}) {
    this.#limits = { ...LIMITS, ...limits };
  }

  get count() {
    return this.#open.size;
  }

  /**
   * `mayGoOn` is asked every few seconds, and on `recheck`: a key that is revoked ends the streams that it has opened.
   * @throws ProblemError `stream.too-many`
   */
  signalFor(connection: Connection, asker: Asker, mayGoOn: () => Promise<boolean>): AbortSignal {
    this.#refuseTooMany(asker);
    const controller = new AbortController();
    const end = () => controller.abort();
    const look = () => {
      // Who cannot be asked now is asked again; nobody is cut off because a database is away.
      mayGoOn().then(
        (may) => may || end(),
        () => undefined,
      );
    };
    this.#open.set(controller, { asker, look });
    const recheck = setInterval(look, this.#limits.recheckMs).unref();
    // A goodbye would wait in the kernel behind all that was not read.
    connection.setTimeout(this.#limits.patienceMs, () => connection.socket?.resetAndDestroy());
    connection.once('close', () => {
      clearInterval(recheck);
      this.#open.delete(controller);
      end();
    });
    return controller.signal;
  }

  /** Somebody has lost a right: every asker is looked at again, now. */
  recheck(): void {
    for (const { look } of this.#open.values()) look();
  }

  end(): void {
    for (const controller of this.#open.keys()) controller.abort();
  }

  #refuseTooMany({ userId, tenantId }: Asker): void {
    const askers = [...this.#open.values()].map(({ asker }) => asker);
    const { ofUser, ofTenant } = this.#limits;
    if (askers.filter((it) => it.userId === userId).length >= ofUser) {
      throw problem('stream.too-many', `you have ${ofUser} streams open already`, { limit: ofUser });
    }
    if (askers.filter((it) => it.tenantId === tenantId).length >= ofTenant) {
      throw problem('stream.too-many', `the tenant has ${ofTenant} streams open already`, { limit: ofTenant });
    }
  }
}
