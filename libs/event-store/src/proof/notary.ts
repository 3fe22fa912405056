import { Logger } from '@nestjs/common';
import type { Clock } from '../clock.js';
import { signed } from './checkpoint.js';
import type { SignedCheckpoint } from './checkpoint.js';
import type { Damage } from './damage.js';
import type { Ledger } from './ledger.js';
import type { SigningKey } from './signing-key.js';

type Parts = Readonly<{
  /** The log's name, which is signed with it. */
  name: string;
  ledger: Ledger;
  damage: Damage;
  key: SigningKey;
  clock: Clock;
}>;

const LOOK = 1_000;
const EVERY_EVENTS = 10_000;
const EVERY_MS = 10_000;

/**
 * Signs the end of a log when it has moved: every 10,000 events, every ten seconds, and at the end. Appends do not know of
 * it. What it signs nobody can change any more without its key, not even with all hashes behind it.
 */
export class Notary {
  readonly #logger: Logger;
  #position = 0;
  #signedAt = 0;
  #working: Promise<unknown> = Promise.resolve();
  #callOff: () => void = () => {};
  #isClosed = false;

  static async start(parts: Parts): Promise<Notary> {
    const notary = new Notary(parts);
    notary.#position = (await parts.ledger.lastCheckpoint())?.position ?? 0;
    notary.#tick();
    return notary;
  }

  private constructor(private readonly parts: Parts) {
    this.#logger = new Logger(`notary of ${parts.name}`);
  }

  /** Signs the end as it is now, unless that is done. Resolves to the newest checkpoint. */
  sign(): Promise<SignedCheckpoint | undefined> {
    const work = () => this.#sign(1);
    const signing = this.#working.then(work, work);
    this.#working = signing;
    return signing;
  }

  /** Signs once more and ends. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#callOff();
    await this.sign().catch((error: unknown) => this.#logger.warn(`the end is not signed: ${String(error)}`));
  }

  #tick(): void {
    if (this.#isClosed) return;
    this.#callOff = this.parts.clock.after(LOOK, () => {
      const isDue = Date.parse(this.parts.clock.now()) - this.#signedAt >= EVERY_MS;
      const work = () => this.#sign(isDue ? 1 : EVERY_EVENTS);
      // A database that is away has nothing to be signed; it is asked again in a moment.
      this.#working = this.#working.then(work, work).catch(() => undefined);
      void this.#working.then(() => this.#tick());
    });
  }

  async #sign(moved: number): Promise<SignedCheckpoint | undefined> {
    const { name, ledger, damage, key, clock } = this.parts;
    // Whoever signs a damaged log says that it is right.
    if (damage.isHarmful) return ledger.lastCheckpoint();
    const { position, hash } = await ledger.head();
    if (position < this.#position + moved) return ledger.lastCheckpoint();
    const at = clock.now();
    const checkpoint = signed(name, { position, hash, at }, key);
    await ledger.keep(checkpoint);
    this.#position = position;
    this.#signedAt = Date.parse(at);
    return checkpoint;
  }
}
