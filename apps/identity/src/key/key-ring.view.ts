import type { EventLog, Recorded } from '@strata/event-store';
import { Principals } from '@strata/http';
import type { Principal } from '@strata/http';
import { Logger } from '@nestjs/common';
import { isSecretOf, parseCredential } from '../credential.js';
import type { Grant, KeyEvent } from './key.js';

const BATCH = 1_000;

/**
 * All keys that are good now, folded from identity's own log into memory: there are few, and every request asks. What
 * another process appends is here as soon as the log's doorbell rings, so a revoked key is refused everywhere at once.
 */
export class KeyRing extends Principals {
  readonly #keys = new Map<string, Grant>();
  readonly #logger = new Logger(KeyRing.name);
  #position = 0;
  #reading: Promise<void> = Promise.resolve();
  #stop = () => {};

  constructor(private readonly log: EventLog) {
    super();
  }

  async open(): Promise<void> {
    await this.catchUp();
    this.#stop = this.log.onAppend(() => {
      // The ring stays as it was; the next ring of the doorbell reads on from the same place.
      this.catchUp().catch((error: unknown) => this.#logger.error(`cannot read on: ${String(error)}`));
    });
    // Whatever came between the first look and the doorbell.
    await this.catchUp();
  }

  close(): void {
    this.#stop();
  }

  override async of(bearer: string): Promise<Principal | undefined> {
    const credential = parseCredential(bearer);
    const grant = credential && this.#keys.get(credential.keyId);
    if (!grant || !isSecretOf(grant.hash, credential.secret)) return undefined;
    const { userId, tenantId, role } = grant;
    return { userId, tenantId, role, keyId: credential.keyId };
  }

  /** The ids of the good keys of one name. */
  named(name: string): readonly string[] {
    return [...this.#keys].flatMap(([keyId, grant]) => (grant.name === name ? [keyId] : []));
  }

  /** Reads to the head, one reader at a time, so that no event is folded twice or out of order. */
  catchUp(): Promise<void> {
    const read = () => this.#read();
    this.#reading = this.#reading.then(read, read);
    return this.#reading;
  }

  async #read(): Promise<void> {
    for (;;) {
      const events = await this.log.read(this.#position, BATCH, { types: ['KeyCreated', 'KeyRevoked'] });
      for (const event of events) this.#fold(event);
      if (events.length < BATCH) return;
    }
  }

  #fold(recorded: Recorded) {
    // The types asked for above are those of keys.
    const { type, data, position } = recorded as Recorded<KeyEvent>;
    this.#position = position;
    if (type === 'KeyCreated') this.#keys.set(data.keyId, data);
    else this.#keys.delete(data.keyId);
  }
}
