import { GENESIS } from '../chain.js';
import { ChainCheck } from './chain-check.js';
import { verdictOn } from './checkpoint.js';
import type { Checkpoint, SignedCheckpoint } from './checkpoint.js';
import { Faults, MOST_FAULTS } from './fault.js';
import type { Found } from './fault.js';
import type { Ledger } from './ledger.js';
import type { PublicKeys } from './signing-key.js';

/** A log, and how it is known to those who sign for it. */
export type Verifiable = Readonly<{ name: string; ledger: Ledger; keys: PublicKeys }>;

export type Verified = Found &
  Readonly<{
    log: string;
    /** How many events were looked at, the last of them, and its hash. */
    events: number;
    position: number;
    hash: string;
    /** How many checkpoints are well signed and agree, and the last of them. */
    checkpoints: number;
    lastCheckpoint: SignedCheckpoint | null;
    seconds: number;
    eventsPerSecond: number;
  }>;

/** How far it is; `faults` counts suspects, some of which may turn out to be innocent. */
export type Progress = Readonly<{ log: string; events: number; position: number; head: number; faults: number }>;

/** Progress after each page, and at the end what came of it. */
export type Verification = Readonly<{ progress: Progress }> | Readonly<{ verified: Verified }>;

/**
 * Computes the chain of a whole log again from what is stored, in bounded memory. It goes on after a fault; whoever leaves
 * off ends it.
 */
export async function* verify({ name, ledger, keys }: Verifiable): AsyncGenerator<Verification> {
  const began = performance.now();
  const { good, faults, last } = checked(name, await ledger.checkpoints(), keys);
  const head = await ledger.head();
  const check = new ChainCheck({ position: 0, hash: GENESIS }, good, head);
  for await (const page of ledger.entries(Number.MIN_SAFE_INTEGER)) {
    check.take(page);
    const { events, position } = check;
    yield { progress: { log: name, events, position, head: head.position, faults: check.faults + faults.count } };
  }
  const found = check.end({ later: await ledger.head(), copies: await ledger.copies(MOST_FAULTS) });
  const seconds = (performance.now() - began) / 1_000;
  const { events, position, hash = '' } = check;
  const eventsPerSecond = Math.round(events / Math.max(seconds, 1e-6));
  const verified = { log: name, events, position, hash, checkpoints: good.length, lastCheckpoint: last };
  yield { verified: { ...verified, ...joined(faults.found(), found), seconds, eventsPerSecond } };
}

/** What came behind the last good checkpoint, and that one itself. Nothing older is looked at. */
export const verifyTail = async ({ name, ledger, keys }: Verifiable, most: number): Promise<Found> => {
  const last = await ledger.lastCheckpoint();
  const { good, faults } = checked(name, last ? [last] : [], keys);
  const head = await ledger.head();
  const from = good[0] ? good[0].position - 1 : 0;
  const start = Math.max(from, head.position - most);
  const check = new ChainCheck({ position: start, hash: start === 0 ? GENESIS : undefined }, good, head);
  for await (const page of ledger.entries(start)) check.take(page);
  return joined(faults.found(), check.end({ later: await ledger.head() }));
};

/** Parts the checkpoints that may be believed from those that may not. */
export const checked = (log: string, checkpoints: readonly SignedCheckpoint[], keys: PublicKeys) => {
  const faults = new Faults();
  const good: Checkpoint[] = [];
  let last: SignedCheckpoint | null = null;
  for (const it of checkpoints) {
    const verdict = verdictOn(log, it, keys);
    if (verdict === 'good') {
      good.push(it);
      last = it;
    } else if (verdict === 'bad') {
      faults.add('signature', it.position, it.position, `the checkpoint was not signed by the key ${it.keyId}`);
    } else {
      faults.add(
        'key',
        it.position,
        it.position,
        `the checkpoint is signed by ${it.keyId}, a key that is not known here`,
      );
    }
  }
  return { good, faults, last };
};

/** Two lists as one. */
export const joined = (a: Found, b: Found): Found => {
  const faults = [...a.faults, ...b.faults].toSorted((one, other) => one.from - other.from);
  return { faults: faults.slice(0, MOST_FAULTS), more: Math.max(0, faults.length - MOST_FAULTS) + a.more + b.more };
};
