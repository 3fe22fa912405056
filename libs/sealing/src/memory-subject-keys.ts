import { SubjectKeys } from './subject-keys.js';
import type { Holder } from './subject-keys.js';

/** For tests, and for a cloud that nobody wants to keep. */
export class MemorySubjectKeys extends SubjectKeys {
  /** `undefined`: the subject was forgotten. */
  readonly #keys = new Map<string, Buffer | undefined>();
  readonly #names = new Map<string, Holder>();

  override async keep(subject: string, wrapped: Buffer) {
    if (!this.#keys.has(subject)) this.#keys.set(subject, wrapped);
    return this.#keys.get(subject);
  }

  override async of(subjects: readonly string[]) {
    return new Map(
      subjects.flatMap((subject) => {
        const wrapped = this.#keys.get(subject);
        return wrapped ? [[subject, wrapped] as const] : [];
      }),
    );
  }

  override async name(subject: string, digests: readonly string[], since: string) {
    const taken = digests.filter((digest) => (this.#names.get(digest)?.subject ?? subject) !== subject);
    if (taken.length > 0 || !this.#keys.get(subject)) return taken;
    for (const digest of digests) if (!this.#names.has(digest)) this.#names.set(digest, { subject, since });
    return [];
  }

  override async find(digest: string) {
    return this.#names.get(digest);
  }

  override async forget(subject: string) {
    this.#keys.set(subject, undefined);
    for (const [digest, holder] of this.#names) if (holder.subject === subject) this.#names.delete(digest);
  }

  override async any() {
    for (const [subject, wrapped] of this.#keys) if (wrapped) return { subject, wrapped };
    return undefined;
  }
}
