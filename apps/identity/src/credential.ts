import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { typeid } from 'typeid-js';

/** What a person or a program carries: `strata_<keyId>_<secret>`. Its look lets scanners find it where it is leaked. */
export type Credential = Readonly<{ keyId: string; secret: string }>;

const SECRET_BYTES = 32;
const SHAPE = /^strata_(key_[0-9a-z]{26})_([A-Za-z0-9_-]{43})$/;

export const makeCredential = (): Credential => ({
  keyId: typeid('key').toString(),
  secret: randomBytes(SECRET_BYTES).toString('base64url'),
});

export const textOf = ({ keyId, secret }: Credential) => `strata_${keyId}_${secret}`;

export const parseCredential = (text: string): Credential | undefined => {
  const [, keyId, secret] = SHAPE.exec(text) ?? [];
  return keyId === undefined || secret === undefined ? undefined : { keyId, secret };
};

/**
 * A plain SHA-256. Slow hashes are for what people can remember and others can guess; nobody guesses 256 random bits,
 * and a slow hash on every request would only help those who send many.
 */
export const hashOf = (secret: string) => createHash('sha256').update(secret).digest('base64url');

/** Takes the same time whether the first byte differs or the last. */
export const isSecretOf = (hash: string, secret: string) => {
  const [known, given] = [Buffer.from(hash), Buffer.from(hashOf(secret))];
  return known.length === given.length && timingSafeEqual(known, given);
};
