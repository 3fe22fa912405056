import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { open, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A public key, and the name that follows from it. */
export type PublicKey = Readonly<{ id: string; pem: string }>;

/** What the checkpoints of a home are signed with: Ed25519. */
export class SigningKey {
  readonly id: string;
  readonly publicPem: string;

  static generate(): SigningKey {
    return new SigningKey(generateKeyPairSync('ed25519').privateKey);
  }

  /** @throws when it is a key of another kind */
  constructor(private readonly key: KeyObject) {
    refuseOthers(key);
    const open = createPublicKey(key);
    this.id = idOf(open);
    this.publicPem = pemOf(open);
  }

  get privatePem(): string {
    return this.key.export({ type: 'pkcs8', format: 'pem' }).toString();
  }

  sign(text: string): string {
    return sign(null, Buffer.from(text), this.key).toString('base64');
  }
}

/** Keys whose signatures are believed. */
export class PublicKeys {
  readonly #keys: ReadonlyMap<string, KeyObject>;

  /** @throws when a text is not an Ed25519 key */
  constructor(pems: readonly string[]) {
    const keys = pems.map((pem) => createPublicKey(pem));
    keys.forEach(refuseOthers);
    this.#keys = new Map(keys.map((key) => [idOf(key), key]));
  }

  all(): readonly PublicKey[] {
    return [...this.#keys].map(([id, key]) => ({ id, pem: pemOf(key) }));
  }

  has(id: string): boolean {
    return this.#keys.has(id);
  }

  /** `undefined` when the key is not known. */
  isSigned(id: string, text: string, signature: string): boolean | undefined {
    const key = this.#keys.get(id);
    return key && verify(null, Buffer.from(text), key, Buffer.from(signature, 'base64'));
  }
}

const refuseOthers = ({ asymmetricKeyType: kind }: KeyObject) => {
  if (kind !== 'ed25519') throw new Error(`checkpoints are signed with Ed25519, and this key is ${kind}`);
};

/** The first 16 digits of the SHA-256 of the key (SPKI, DER). */
const idOf = (key: KeyObject) =>
  createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 16);

const pemOf = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();

// ── In a home ────────────────────────────────────────────────────

const PRIVATE = 'log-signing-key.pem';
const PUBLIC = 'log-public-keys.pem';

/** What a home signs with, and whose signatures it believes: its own key's, and those of the keys before it. */
export type HomeKeys = Readonly<{ signing: SigningKey; known: PublicKeys }>;

/**
 * Makes a key where there is none; so whoever moves the file away gets a new key. Public keys are never forgotten: what
 * they signed stays provable.
 * @throws when others may read the key, or the file holds none
 */
export const openHomeKeys = async (home: string): Promise<HomeKeys> => {
  const signing = (await readKey(join(home, PRIVATE))) ?? (await makeKey(join(home, PRIVATE)));
  await learnKeys(home, [signing.publicPem]);
  return { signing, known: await knownKeys(home) };
};

/** The public keys that a home knows; it may never have had one. */
export const knownKeys = async (home: string): Promise<PublicKeys> =>
  new PublicKeys(pemsIn((await textOf(join(home, PUBLIC))) ?? ''));

/** Adds public keys to those that a home knows, such as those of a log that is brought there. */
export const learnKeys = async (home: string, pems: readonly string[]): Promise<void> => {
  const known = await knownKeys(home);
  const more = new PublicKeys([...known.all().map(({ pem }) => pem), ...pems]).all();
  if (more.length > known.all().length) {
    await replace(join(home, PUBLIC), more.map(({ pem }) => pem).join(''), 0o644);
  }
};

/** The PEM documents in a text. */
export const pemsIn = (text: string): readonly string[] =>
  text.match(/-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----\n?/g) ?? [];

const readKey = async (path: string): Promise<SigningKey | undefined> => {
  const pem = await textOf(path);
  if (pem === undefined) return undefined;
  if (((await stat(path)).mode & 0o077) !== 0) {
    throw new Error(`others may read ${path}: run \`chmod 600 ${path}\`, and change the key if they did`);
  }
  return new SigningKey(createPrivateKey(pem));
};

const makeKey = async (path: string): Promise<SigningKey> => {
  const key = SigningKey.generate();
  await replace(path, key.privatePem, 0o600);
  return key;
};

/** Whole, with its mode, from its first byte on. */
const replace = async (path: string, text: string, mode: number): Promise<void> => {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  const file = await open(draft, 'wx', mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
};

const textOf = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
};
