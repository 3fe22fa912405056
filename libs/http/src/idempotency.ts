import { createHash } from 'node:crypto';
import type { Claim, Claimed, Claims, StoredAnswer } from './claims.js';
import { problem } from './problem.js';

/** What came of a request: its answer, and whether this is the answer of an earlier request with the same key. */
export type Settled = Readonly<{ answer: StoredAnswer; replayed: boolean }>;

type Work = (claim: Readonly<Pick<Claim, 'seed' | 'since' | 'isRepeat'>>) => Promise<StoredAnswer>;
/** What there is to know of the answers of an endpoint. */
type Nature = Readonly<{
  /** What of an answer may be stored. */
  kept(answer: StoredAnswer): StoredAnswer;
  /** Whether the same seed makes the same answer again, whatever becomes of the world: the log remembers what it says. */
  isMadeAgain(answer: StoredAnswer): boolean;
}>;
type Flight = Readonly<{ requestHash: string; landed: Promise<StoredAnswer | undefined> }>;

/**
 * Makes asking twice asking once. Two processes that are asked at the same moment share the seed of the claim, thus the
 * command id, and the log carries out a command id once; within one process, repeats wait for the first.
 *
 * Who is told what is in the log does not wait until the answer is stored: should it be lost with the process, the same seed
 * makes it again. All else is stored before it is told: what was refused may be possible by then, and what was so already
 * may be so no more.
 */
export class Idempotency {
  readonly #flights = new Map<string, Flight>();

  constructor(
    private readonly claims: Claims,
    /** Hears why an answer could not be stored. */
    private readonly warn: (error: unknown) => void,
  ) {}

  /** @throws ProblemError `idempotency.mismatch` when the key was used for another request */
  async once(claimed: Claimed, work: Work, nature: Nature = plain): Promise<Settled> {
    const name = JSON.stringify([claimed.tenantId, claimed.key]);
    for (let flight = this.#flights.get(name); flight; flight = this.#flights.get(name)) {
      if (flight.requestHash !== claimed.requestHash) throw mismatch();
      const answer = await flight.landed;
      if (answer) return { answer, replayed: true };
    }
    const settled = this.#fly(claimed, work, nature);
    // A flight without an answer worth keeping wakes those who wait, and the next of them tries by itself.
    const landed = settled.then(
      ({ answer }) => (isKept(answer) ? answer : undefined),
      () => undefined,
    );
    this.#flights.set(name, { requestHash: claimed.requestHash, landed });
    void this.#land(name, claimed, settled, nature);
    return settled;
  }

  async #fly(claimed: Claimed, work: Work, { kept, isMadeAgain }: Nature): Promise<Settled> {
    const { answer: earlier, mismatch: isOther, ...claim } = await this.claims.claim(claimed);
    if (isOther) throw mismatch();
    if (earlier) return { answer: earlier, replayed: true };
    const answer = await work(claim);
    await this.claims.hold(claimed, claim);
    if (isKept(answer) && !isMadeAgain(answer)) await this.claims.settle(claimed, kept(answer), 'now');
    return { answer, replayed: false };
  }

  /** Until the answer is stored, repeats find it here. */
  async #land(name: string, claimed: Claimed, settled: Promise<Settled>, { kept, isMadeAgain }: Nature): Promise<void> {
    try {
      const { answer, replayed } = await settled;
      const isStored = replayed || !isKept(answer) || !isMadeAgain(answer);
      if (!isStored) await this.claims.settle(claimed, kept(answer), 'soon').catch(this.warn);
    } catch {
      // The asker is told by `settled` itself; there is nothing to store.
    } finally {
      this.#flights.delete(name);
    }
  }
}

const plain: Nature = { kept: (answer) => answer, isMadeAgain: ({ status }) => status === 202 };

/** A failure of ours, and "not now", are not the answer: asking again may succeed. */
const isKept = ({ status }: StoredAnswer) => status < 500 && status !== 429;

const mismatch = () => problem('idempotency.mismatch', 'this Idempotency-Key was first sent with another request');

/** SHA-256 over JSON with its properties in order: the same request, however its JSON was laid out. */
export const hashOf = (...parts: readonly unknown[]) =>
  createHash('sha256').update(JSON.stringify(parts, ordered)).digest('hex');

const ordered = (_: string, it: unknown) =>
  typeof it === 'object' && it !== null && !Array.isArray(it)
    ? Object.fromEntries(Object.entries(it).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : it;
