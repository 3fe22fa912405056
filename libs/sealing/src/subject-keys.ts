/** What a name leads to: whose it is, and since when (RFC 3339). */
export type Holder = Readonly<{ subject: string; since: string }>;

/**
 * Where the wrapped data keys of subjects lie, with the digests of the names by which they are found: the only place from
 * which personal data can be taken away, because the log is for ever. An abstract class: port and Nest token in one.
 */
export abstract class SubjectKeys {
  /** Keeps a subject's first key and answers it ever after; `undefined` when the subject was forgotten. */
  abstract keep(subject: string, wrapped: Buffer): Promise<Buffer | undefined>;

  /** The keys of those who have one. */
  abstract of(subjects: readonly string[]): Promise<ReadonlyMap<string, Buffer>>;

  /**
   * Gives a subject these digests, all or none; answers those that are another's. Giving it what it has changes nothing.
   * A subject that was forgotten, or has no key, gets none and hears that none is taken.
   */
  abstract name(subject: string, digests: readonly string[], since: string): Promise<readonly string[]>;

  abstract find(digest: string): Promise<Holder | undefined>;

  /** The key and every digest are gone; the subject gets no other key, ever. */
  abstract forget(subject: string): Promise<void>;

  /** Any one key that is kept: by it one sees whether the master key is the right one. */
  abstract any(): Promise<Readonly<{ subject: string; wrapped: Buffer }> | undefined>;
}
