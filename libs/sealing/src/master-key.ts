import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { link, open, readFile, rm, stat } from 'node:fs/promises';

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const RETURN = 'bring it back from the backup that belongs to the database';

/** AES-256-GCM: the nonce, the ciphertext, the tag. `about` is not hidden, but whoever opens it must say the same. */
export const encrypt = (key: Uint8Array, about: string, plain: Uint8Array): Buffer => {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(about));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
};

/** @throws when the key is another, `about` is, or a byte was changed */
export const decrypt = (key: Uint8Array, about: string, sealed: Uint8Array): Buffer => {
  const end = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(about)).setAuthTag(sealed.subarray(end));
  return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, end)), decipher.final()]);
};

/** The key of a home: it wraps the data keys of subjects, and makes digests that nobody without it can try out. */
export class MasterKey {
  readonly #wrapping: Uint8Array;
  readonly #digesting: Uint8Array;

  /** @param secret 32 random bytes */
  constructor(secret: Uint8Array) {
    if (secret.length !== KEY_BYTES) throw new Error(`a master key has ${KEY_BYTES} bytes, not ${secret.length}`);
    const derived = (purpose: string) => new Uint8Array(hkdfSync('sha256', secret, '', `strata ${purpose}`, KEY_BYTES));
    this.#wrapping = derived('wraps data keys');
    this.#digesting = derived('digests names');
  }

  /** For tests, and for a cloud that nobody wants to keep. */
  static random(): MasterKey {
    return new MasterKey(randomBytes(KEY_BYTES));
  }

  /** Made where there is none yet. @throws a sentence when others may read the file, or it holds something else */
  static async ensure(file: string): Promise<MasterKey> {
    if ((await readIfThere(file)) === undefined) await make(file);
    return MasterKey.read(file);
  }

  /** @throws a sentence when the file is not there, others may read it, or it holds something else */
  static async read(file: string): Promise<MasterKey> {
    const text = await readIfThere(file);
    if (text === undefined) throw new Error(`${file} is gone, and personal data was sealed with it: ${RETURN}`);
    const { mode } = await stat(file);
    if ((mode & 0o077) !== 0) throw new Error(`others may read ${file}: run \`chmod 600 ${file}\``);
    const secret = Buffer.from(text.trim(), 'base64url');
    if (secret.length !== KEY_BYTES) throw new Error(`${file} holds no master key: ${RETURN}`);
    return new MasterKey(secret);
  }

  wrap(subject: string, dataKey: Uint8Array): Buffer {
    return encrypt(this.#wrapping, subject, dataKey);
  }

  unwrap(subject: string, wrapped: Uint8Array): Buffer {
    return decrypt(this.#wrapping, subject, wrapped);
  }

  digest(text: string): string {
    return createHmac('sha256', this.#digesting).update(text).digest('base64url');
  }
}

const readIfThere = async (file: string): Promise<string | undefined> => {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
};

/** Whole from the moment it is there; of two processes that make one at once, the second takes the first one's. */
const make = async (file: string): Promise<void> => {
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(`${randomBytes(KEY_BYTES).toString('base64url')}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await link(draft, file);
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
  } finally {
    await rm(draft);
  }
};

const isCode = (error: unknown, code: string) => error instanceof Error && 'code' in error && error.code === code;
