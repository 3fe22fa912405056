import type { Line } from '../chain.js';
import type { Head } from '../draft.js';
import type { SignedCheckpoint } from './checkpoint.js';

/** An event as it lies in its log: all that is proven of it, and what is stored beside that. */
export type Entry = Line & Readonly<{ tenant: string; command: string; hash: string }>;

/** An entry that is told without its neighbours: `before` is the hash that it is chained to. */
export type LoneEntry = Entry & Readonly<{ before: string }>;

/** Events that are there more than once, under one id. */
export type Copies = Readonly<{ id: string; positions: readonly number[] }>;

/** A stream whose versions are not 1, 2, 3 …, and how many events it must have had beside those that are there. */
export type BrokenStream = Readonly<{ stream: string; missing: number }>;

/** The log as it is stored, for those who prove it, copy it and bring it back: nothing is parsed and nothing left out. */
export abstract class Ledger {
  /** Every entry whose position is greater than `after`, in order, in bounded memory. */
  abstract entries(after: number): AsyncIterable<readonly Entry[]>;

  /** The same of one tenant. */
  abstract entriesOf(tenantId: string, after: number): AsyncIterable<readonly LoneEntry[]>;

  /** What the log says of its own end. */
  abstract head(): Promise<Head>;

  /** All of them, by position. */
  abstract checkpoints(): Promise<readonly SignedCheckpoint[]>;

  /** The newest, or the newest at or before a position. */
  abstract lastCheckpoint(upTo?: number): Promise<SignedCheckpoint | undefined>;

  /** One for each position: a second one changes nothing. */
  abstract keep(checkpoint: SignedCheckpoint): Promise<void>;

  /** Those that have lost an event, or have one too many, as far as their versions tell. At most `limit`. */
  abstract brokenStreams(limit: number): Promise<readonly BrokenStream[]>;

  /** At most `limit`. */
  abstract copies(limit: number): Promise<readonly Copies[]>;

  /**
   * Stores entries and checkpoints exactly as they are, in one transaction, which is committed after `then` only.
   * @throws LogNotEmpty, EntriesRefused, and whatever the source throws: nothing is stored then
   */
  abstract restore(source: LedgerSource, then?: () => Promise<void>): Promise<void>;
}

export type LedgerSource = Readonly<{
  entries: AsyncIterable<readonly Entry[]>;
  checkpoints: readonly SignedCheckpoint[];
}>;

/** A ledger is brought back as a whole, or not at all. */
export class LogNotEmpty extends Error {
  constructor(head: number) {
    super(`the log is not empty: it has ${head} events`);
  }
}

/** What shall be stored is no log: a stream in it has a hole, say. */
export class EntriesRefused extends Error {}
