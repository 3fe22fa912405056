/** An answer as it was given the first time. `body` is JSON text, so that a repeat is the same to the byte. */
export type StoredAnswer = Readonly<{ status: number; body: string }>;

/** One use of an Idempotency-Key. Keys of different tenants never meet. */
export type Claimed = Readonly<{ tenantId: string; key: string; requestHash: string; at: string }>;

export type Claim = Readonly<{
  /** UUID, version 7: the seed of the command id and of every id that the request mints. */
  seed: string;
  /** When the key was first used (RFC 3339). */
  since: string;
  /** The key was used before, maybe by a process that died over it: what is asked may have been done already. */
  isRepeat: boolean;
  /** What was answered, once the first request has ended. */
  answer: StoredAnswer | undefined;
  /** How many accidents the memory had had by then. */
  accidents: number;
  /** The key was used for another request. */
  mismatch: boolean;
}>;

/** The memory of Idempotency-Keys. An abstract class, so that it is port and Nest token in one. */
export abstract class Claims {
  /** The first claim of a key chooses its seed; every later one is given the same, however many come at once. */
  abstract claim(claimed: Claimed): Promise<Claim>;

  /**
   * Sees to it that a claim is still there for what was done under it, however long ago that was, where the memory has had an
   * accident since.
   */
  abstract hold(claimed: Claimed, claim: Pick<Claim, 'seed' | 'since' | 'accidents'>): Promise<void>;

  /**
   * Keeps the first answer; later ones change nothing. `now`: it is on the disk when this resolves; `soon`: it could be made
   * again should it be lost.
   */
  abstract settle(claimed: Claimed, answer: StoredAnswer, when: 'now' | 'soon'): Promise<void>;

  /** Forgets the keys that were first used before a time (RFC 3339). Returns how many. */
  abstract forget(before: string): Promise<number>;
}
