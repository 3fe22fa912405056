import type { Clock } from '../clock.js';
import type { EventStore } from '../event-store.js';
import type { SignedCheckpoint } from './checkpoint.js';
import { Notary } from './notary.js';
import { Scrub } from './scrub.js';
import type { HomeKeys, PublicKeys } from './signing-key.js';
import type { Verification } from './verify.js';

type Parts = Readonly<{ name: string; store: EventStore; keys: HomeKeys; clock: Clock }>;

/** A log that is looked over and signed for as long as it serves. */
export class ProvenLog {
  /** Resolves when what came since the last checkpoint was looked at: what is wrong with it is then known. */
  static async open({ name, store, keys, clock }: Parts): Promise<ProvenLog> {
    const { ledger, damage } = store;
    const scrub = await Scrub.start({ name, ledger, damage, keys: keys.known, clock });
    const notary = await Notary.start({ name, ledger, damage, key: keys.signing, clock });
    return new ProvenLog(name, store, keys.known, scrub, notary);
  }

  private constructor(
    readonly name: string,
    readonly store: EventStore,
    /** Whose signatures are believed. */
    readonly keys: PublicKeys,
    private readonly scrub: Scrub,
    private readonly notary: Notary,
  ) {}

  /** What it finds is known from then on. */
  verify(): AsyncGenerator<Verification> {
    return this.scrub.verify();
  }

  /** The checkpoint at its end, which is made if need be. */
  sign(): Promise<SignedCheckpoint | undefined> {
    return this.notary.sign();
  }

  /** Signs once more. The store is closed by whoever opened it, and after this. */
  async close(): Promise<void> {
    await this.scrub.close();
    await this.notary.close();
  }
}
