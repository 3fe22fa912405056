import { randomBytes } from 'node:crypto';
import { MasterKey, decrypt, encrypt } from './master-key.js';
import type { Holder, SubjectKeys } from './subject-keys.js';

const DATA_KEY_BYTES = 32;
const FORM = 'v1.';

/** A sealed text with what must be known to open it: whose it is, and what it is for. */
export type Sealed = Readonly<{ subject: string; purpose: string; text: string }>;

/** The subject's key is gone: nothing of it can be sealed any more. */
export class SubjectForgotten extends Error {
  constructor(readonly subject: string) {
    super(`${subject} was forgotten`);
  }
}

/**
 * Keeps personal data out of what is for ever. Each subject has a data key, wrapped by the master key and kept beside the
 * log; commands and events carry ciphertext only. Forgetting the key is the erasure: no event changes, and none tells
 * any longer what it told.
 */
export class Sealing {
  /** With the master key in a file, which is made for the first subject and for no later one. @throws a sentence, as below */
  static async with(keys: SubjectKeys, file: string): Promise<Sealing> {
    const isNew = (await keys.any()) === undefined;
    return Sealing.open(keys, isNew ? await MasterKey.ensure(file) : await MasterKey.read(file));
  }

  /** @throws a sentence when the keys that are kept were wrapped by another master key */
  static async open(keys: SubjectKeys, master: MasterKey): Promise<Sealing> {
    const one = await keys.any();
    try {
      if (one) master.unwrap(one.subject, one.wrapped);
    } catch (cause) {
      const advice = 'bring it back from the backup that belongs to the database';
      throw new Error(`the master key is not the one that this database was written with: ${advice}`, { cause });
    }
    return new Sealing(keys, master);
  }

  private constructor(
    private readonly keys: SubjectKeys,
    private readonly master: MasterKey,
  ) {}

  /** Makes the subject's key if it has none yet. @throws SubjectForgotten */
  async seal(subject: string, purpose: string, plain: string): Promise<string> {
    const fresh = this.master.wrap(subject, randomBytes(DATA_KEY_BYTES));
    const wrapped = await this.keys.keep(subject, fresh);
    if (wrapped === undefined) throw new SubjectForgotten(subject);
    const dataKey = this.master.unwrap(subject, wrapped);
    return FORM + encrypt(dataKey, aboutOf(subject, purpose), Buffer.from(plain)).toString('base64url');
  }

  /** `undefined` when the subject was forgotten. @throws when the text is another subject's, for another purpose, or changed */
  async unseal(sealed: Sealed): Promise<string | undefined> {
    return (await this.unsealAll([sealed]))[0];
  }

  /** Many at the cost of one look at the keys. No key is held in memory: what is forgotten is forgotten everywhere. */
  async unsealAll(all: readonly Sealed[]): Promise<readonly (string | undefined)[]> {
    if (all.length === 0) return [];
    const keys = await this.keys.of([...new Set(all.map(({ subject }) => subject))]);
    return all.map(({ subject, purpose, text }) => {
      const wrapped = keys.get(subject);
      if (!wrapped) return undefined;
      if (!text.startsWith(FORM)) throw new Error(`a text of ${subject} is sealed in a form that is not known here`);
      const bytes = Buffer.from(text.slice(FORM.length), 'base64url');
      return decrypt(this.master.unwrap(subject, wrapped), aboutOf(subject, purpose), bytes).toString();
    });
  }

  /**
   * Makes a subject, whose key is there, findable by names, all or none; answers those that are another's. What is kept
   * of a name is a digest under the master key, so that nobody can try names out on a copy of the database.
   */
  async name(subject: string, names: readonly string[], since: string): Promise<readonly string[]> {
    const digests = new Map(names.map((name) => [this.master.digest(name), name]));
    const taken = new Set(await this.keys.name(subject, [...digests.keys()], since));
    return [...digests].flatMap(([digest, name]) => (taken.has(digest) ? [name] : []));
  }

  find(name: string): Promise<Holder | undefined> {
    return this.keys.find(this.master.digest(name));
  }

  /** For ever. Doing it again changes nothing. */
  forget(subject: string): Promise<void> {
    return this.keys.forget(subject);
  }
}

const aboutOf = (subject: string, purpose: string) => JSON.stringify([subject, purpose]);
