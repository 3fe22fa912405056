import type { PublicKeys, SigningKey } from './signing-key.js';

/** That a log had this hash at this position, said under a key. */
export type Checkpoint = Readonly<{ position: number; hash: string; at: string }>;
export type SignedCheckpoint = Checkpoint & Readonly<{ keyId: string; signature: string }>;

/** What is signed. Whoever has a public key can write it by hand and check it with a tool of their own. */
const statementOf = (log: string, { position, hash, at }: Checkpoint): string =>
  `strata checkpoint {"log":${JSON.stringify(log)},"lane":0,"position":${position},"hash":"${hash}","at":"${at}"}`;

export const signed = (log: string, checkpoint: Checkpoint, key: SigningKey): SignedCheckpoint => ({
  ...checkpoint,
  keyId: key.id,
  signature: key.sign(statementOf(log, checkpoint)),
});

/** `unknown`: nobody here knows the key that it names. */
export const verdictOn = (log: string, it: SignedCheckpoint, keys: PublicKeys): 'good' | 'bad' | 'unknown' => {
  const isGood = keys.isSigned(it.keyId, statementOf(log, it), it.signature);
  return isGood === undefined ? 'unknown' : isGood ? 'good' : 'bad';
};
