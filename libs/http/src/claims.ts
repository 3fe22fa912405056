/** An answer as it was given the first time. `body` is JSON text, so that a repeat is the same to the byte. */
export type StoredAnswer = Readonly<{ status: number; body: string }>;

/** An answer that says no, and has changed nothing. */
export const isRefusal = ({ status }: StoredAnswer): boolean => status >= 400 && status < 500;

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
  /** The key was used for another request. */
  mismatch: boolean;
}>;

/** The memory of Idempotency-Keys. An abstract class, so that it is port and Nest token in one. */
export abstract class Claims {
  /** The first claim of a key chooses its seed; every later one is given the same, however many come at once. */
  abstract claim(claimed: Claimed): Promise<Claim>;

  /**
   * Keeps the first answer; later ones change nothing. A refusal is on the disk when this resolves: it has left nothing in
   * the log that it could be made from again.
   */
  abstract settle(claimed: Claimed, answer: StoredAnswer): Promise<void>;

  /** Forgets the keys that were first used before a time (RFC 3339). Returns how many. */
  abstract forget(before: string): Promise<number>;
}
