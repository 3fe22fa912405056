import type { Checkpoints, Transaction } from './checkpoints.js';
import type { EventLog } from './event-log.js';
import type { Recorded } from './event.js';
import type { Refold } from './refold.js';
import { EventsMissing } from './subscription.js';
import type { Subscription } from './subscription.js';
import type { Snapshot, ViewTable } from './view-table.js';

/** What came of one view. */
export type Rebuilt = Readonly<{
  view: string;
  rows: number;
  /**
   * SHA-256 over all rows, of both tables at the same position: equal unless rows were wrong or the fold has changed.
   * `null`: the view had not come that far by itself.
   */
  before: string | null;
  after: string;
}>;

export type RebuiltAll = Readonly<{
  views: readonly Rebuilt[];
  /** The position at which readers were given the new rows. */
  position: number;
  /** How many events were folded, for all views at once, in how many seconds, until the new rows were there. */
  events: number;
  seconds: number;
  eventsPerSecond: number;
}>;

/** How far it is, told now and then. */
export type RebuildProgress = Readonly<{ stage: 'fold' | 'index' | 'switch' | 'compare'; done: number; total: number }>;

export type RebuildParts = Readonly<{
  log: EventLog;
  checkpoints: Checkpoints;
  snapshot(): Promise<Snapshot>;
  tell?(progress: RebuildProgress): void;
  signal?: AbortSignal | undefined;
}>;

type Part = Refold<object, string>;
type Move = (tx: Transaction, position: number) => Promise<void>;

/** How many events one statement reads. */
const SPAN = 20_000;
/** Folded at one go, so that whoever asks for something else meanwhile waits for no more than that. */
const PAGE = 500;
/** So many events are left to the last moment, in which no view goes on. */
const NEAR = 500;
const PATIENCE_MS = 10_000;
const TRIES = 5;

/**
 * Folds views anew from the whole log: one pass for all of them, into tables beside those that are read. When they have
 * caught up, all views stop for a moment, at which the new tables take the place of the old ones in one transaction: who
 * reads sees all of the old rows or all of the new ones. Memory grows neither with the events nor with the rows.
 */
export const rebuild = async (parts: readonly Part[], asked: RebuildParts): Promise<RebuiltAll> => {
  const began = performance.now();
  try {
    await catchUp(parts, asked, 0);
    asked.tell?.({ stage: 'index', done: 0, total: parts.length });
    for (const part of parts) await part.finish();
    for (let tries = 1; ; tries++) {
      await catchUp(parts, asked, NEAR);
      try {
        return await compared(parts, asked, await switchOver(parts, asked), began);
      } catch (error) {
        if (!isLocked(error) || tries === TRIES) throw error;
      }
    }
  } catch (error) {
    for (const part of parts) await part.drop();
    throw error;
  }
};

type Old = Readonly<{ table: ViewTable<object, string>; isComparable: boolean }>;
type Switched = Readonly<{ position: number; old: readonly Old[]; at: Snapshot; ended: number }>;

const compared = async (
  parts: readonly Part[],
  { tell, snapshot }: RebuildParts,
  { position, old, at, ended }: Switched,
  began: number,
): Promise<RebuiltAll> => {
  tell?.({ stage: 'compare', done: 0, total: parts.length });
  const now = await snapshot();
  try {
    const views: Rebuilt[] = [];
    for (const [index, part] of parts.entries()) {
      const { hash: after, rows } = await part.digest(at);
      const its = old[index];
      const before = its?.isComparable ? (await its.table.digest(now)).hash : null;
      if (before !== after) await part.announce(at);
      views.push({ view: part.name, rows, before, after });
    }
    const seconds = (ended - began) / 1_000;
    const eventsPerSecond = Math.round(position / Math.max(seconds, 1e-6));
    return { views, position, events: position, seconds, eventsPerSecond };
  } finally {
    await Promise.all([at.close(), now.close()]);
    for (const { table } of old) await table.drop();
  }
};

/** Folds until no more than `left` events are missing. */
const catchUp = async (parts: readonly Part[], { log, tell, signal }: RebuildParts, left: number): Promise<void> => {
  for (let head = await log.head(); ; head = await log.head()) {
    const from = Math.min(...parts.map(({ position }) => position));
    if (head - from <= left) return;
    let position = from;
    for await (const page of pagesOf(log, from, head)) {
      for (let at = 0; at < page.length; at += PAGE) {
        signal?.throwIfAborted();
        const events = page.slice(at, at + PAGE);
        refuseGaps(events, position);
        position += events.length;
        await foldAll(parts, events);
        tell?.({ stage: 'fold', done: events.at(-1)?.position ?? from, total: head });
        await new Promise(setImmediate);
      }
    }
    // Under load there is always something left; the rest is folded when no view goes on.
    if (left === 0) return;
  }
};

/**
 * Many short reads and not one long one, which would keep the database from clearing away old versions of the head row, that
 * appends then wade through.
 */
async function* pagesOf(log: EventLog, after: number, head: number): AsyncGenerator<readonly Recorded[]> {
  for (let from = after; from < head; from += SPAN) yield* log.readAll(from, Math.min(from + SPAN, head));
}

/** Rows that were folded without an event would be wrong, and take the place of right ones. */
const refuseGaps = (events: readonly Recorded[], after: number): void => {
  events.forEach(({ position }, index) => {
    if (position !== after + index + 1) throw new EventsMissing('rebuild', after + index, position);
  });
};

const foldAll = (parts: readonly Part[], events: readonly Recorded[], upTo?: number) =>
  Promise.all(parts.map((part) => part.fold(events, upTo)));

/** Stops all views, folds what each of them has and its new rows have not, and puts these in the place of the old ones. */
const switchOver = async (parts: readonly Part[], asked: RebuildParts): Promise<Switched> => {
  asked.tell?.({ stage: 'switch', done: 0, total: parts.length });
  const reached = Math.max(...parts.map(({ position }) => position));
  for (const part of parts) await part.flush();
  const subscriptions = parts.map(({ subscription }) => subscription);
  await Promise.all(subscriptions.map((it) => hasCome(it, reached)));
  return stopped(subscriptions, async (moves) => {
    // A view that has not come that far by itself has not to go the way any more.
    const positions = subscriptions.map(({ position }) => Math.max(position, reached));
    const isComparable = subscriptions.map(({ position }) => position >= reached);
    const last = Math.max(...positions);
    for (let from = reached; from < last;) {
      const events = await asked.log.read(from, last - from);
      refuseGaps(events, from);
      await Promise.all(parts.map((part, index) => part.fold(events, positions[index])));
      from = events.at(-1)?.position ?? last;
    }
    for (const part of parts) await part.flush();
    const at = await asked.snapshot();
    try {
      const old = await asked.checkpoints.transaction(async (tx) => {
        for (const [index, move] of moves.entries()) await move(tx, positions[index] ?? reached);
        const tables: Old[] = [];
        for (const [index, part] of parts.entries()) {
          tables.push({ table: await part.takeOver(tx), isComparable: isComparable[index] ?? false });
        }
        return tables;
      });
      return { position: last, old, at, ended: performance.now() };
    } catch (error) {
      await at.close();
      throw error;
    }
  });
};

/** Gives a view the time to come to where its new rows are, if it is on the way. */
const hasCome = async (subscription: Subscription, position: number): Promise<void> => {
  if (!subscription.isPaused) await subscription.waitFor(position, PATIENCE_MS).catch(() => undefined);
};

/** Runs `work` when none of the subscriptions has a batch in hand. */
const stopped = <T>(
  [first, ...rest]: readonly Subscription[],
  work: (moves: readonly Move[]) => Promise<T>,
): Promise<T> => (first ? first.between((move) => stopped(rest, (moves) => work([move, ...moves]))) : work([]));

/** Somebody reads the old rows and does not come to an end. */
const isLocked = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === '55P03';
