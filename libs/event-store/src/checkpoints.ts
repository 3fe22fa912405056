import type { ClientBase } from 'pg';
import type { Recorded } from './event.js';

/** What an effect and the cursor behind it share: both happen, or neither does. */
export class Transaction {
  readonly #afterwards: (() => void)[] = [];

  /** `sql` is the connection inside the transaction; a store in memory has none. */
  constructor(readonly sql?: ClientBase) {}

  /** Called in order once the transaction is through, and never if it is not. */
  afterCommit(then: () => void): void {
    this.#afterwards.push(then);
  }

  committed(): void {
    for (const then of this.#afterwards) then();
  }
}

/** The right to move one cursor, until somebody else claims it. */
export type Claim = Readonly<{ name: string; fence: number; position: number }>;

/** An event that a subscription could not deal with, or that came behind such a one in its stream. */
export type Parked = Readonly<{ stream: string; position: number; error: string; tries: number }>;

/** Somebody else has claimed the cursor: whatever was done in this transaction must not be. */
export class FencedOff extends Error {
  constructor(readonly subscription: string) {
    super(`"${subscription}" is run by another process now`);
  }
}

/**
 * The cursor stands elsewhere than was thought: an earlier move came through, of which only the answer was lost, and its
 * effect with it. Nothing is done a second time.
 */
export class AlreadyMoved extends Error {
  constructor(
    readonly subscription: string,
    readonly position: number,
  ) {
    super(`"${subscription}" stands at ${position} already`);
  }
}

/** From where a cursor is moved, as far as its owner knows, and to where. */
export type Move = Readonly<{ from: number; to: number }>;

/** Where subscriptions keep their places, in the same database as their effects. */
export abstract class Checkpoints {
  abstract transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;

  /** Takes a cursor over, or makes it at `start`. Whoever held it before is fenced off. */
  abstract claim(name: string, start: number): Promise<Claim>;

  /**
   * Nothing happens in the transaction unless the claim still holds and the cursor is where it is moved from. `waits`: the
   * move may go with the one statement that is the whole effect, instead of before it.
   * @throws FencedOff
   * @throws AlreadyMoved
   */
  abstract move(tx: Transaction, claim: Claim, move: Move, waits?: boolean): Promise<void>;

  /** Parks events; parking one again counts a try and keeps the newer error. */
  abstract park(tx: Transaction, name: string, events: readonly Recorded[], error: string): Promise<void>;

  abstract unpark(tx: Transaction, name: string, positions: readonly number[]): Promise<void>;

  /** In order of position. */
  abstract parked(name: string): Promise<readonly Parked[]>;
}
