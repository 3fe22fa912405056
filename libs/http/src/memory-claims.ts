import { v7 } from 'uuid';
import { Claims } from './claims.js';
import type { Claim, Claimed, StoredAnswer } from './claims.js';

type Kept = Readonly<{ seed: string; requestHash: string; at: string; answer: StoredAnswer | undefined }>;

/** For tests, and for a cloud that nobody wants to keep. */
export class MemoryClaims extends Claims {
  readonly #kept = new Map<string, Kept>();

  override async claim({ tenantId, key, requestHash, at }: Claimed): Promise<Claim> {
    const name = nameOf(tenantId, key);
    const before = this.#kept.get(name);
    const kept = before ?? { seed: v7(), requestHash, at, answer: undefined };
    this.#kept.set(name, kept);
    const { seed, at: since, answer } = kept;
    return {
      seed,
      since,
      isRepeat: before !== undefined,
      answer,
      accidents: 0,
      mismatch: kept.requestHash !== requestHash,
    };
  }

  /** What is in memory has no accidents that it would survive. */
  override async hold(): Promise<void> {}

  override async settle(
    { tenantId, key, requestHash }: Claimed,
    answer: StoredAnswer,
    _when?: 'now' | 'soon',
  ): Promise<void> {
    const name = nameOf(tenantId, key);
    const kept = this.#kept.get(name);
    if (kept?.requestHash === requestHash && kept.answer === undefined) this.#kept.set(name, { ...kept, answer });
  }

  override async forget(before: string): Promise<number> {
    const old = [...this.#kept].filter(([, { at }]) => at < before);
    for (const [name] of old) this.#kept.delete(name);
    return old.length;
  }
}

const nameOf = (...parts: readonly string[]) => JSON.stringify(parts);
