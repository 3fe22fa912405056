import type { EventFilter, EventLog, Recorded } from '@strata/event-store';
import { thingsIn } from './event.published.js';
import type { Trails } from './trails.view.js';

/** What an asker wants to see, and may. */
export type Wanted = Readonly<{ tenantId: string; resource?: string | undefined; type?: string | undefined }>;

const BATCH = 1_000;
/** How many events one page looks at before it says "go on from here", so that a rare type holds nobody up. */
const LOOKED_AT = 20_000;

type Range = Readonly<{ after: number; until: number; limit: number }>;

/** A page of events. `next` is where to go on, while there is more to look at. */
export type Page = Readonly<{ rows: readonly Recorded[]; next: number | undefined }>;

/** The events of a tenant: the database knows whose they are, and of which type. */
export const readPage = async (
  log: EventLog,
  { after, until, limit }: Range,
  { tenantId, type }: Wanted,
): Promise<Page> => {
  const filter: EventFilter = { tenantId, until, ...(type !== undefined && { types: [type] }) };
  const found = await log.read(after, limit + 1, filter);
  const rows = found.slice(0, limit);
  return { rows, next: found.length > limit ? rows.at(-1)?.position : undefined };
};

/** The events of a tenant that speak of a thing: the trail leads to them, however long the log is. */
export const readPageAbout = async (
  trails: Trails,
  resource: string,
  { after, until, limit }: Range,
  wanted: Wanted,
): Promise<Page> => {
  const rows: Recorded[] = [];
  let looked = 0;
  for await (const positions of trails.mentionsOf(wanted.tenantId, resource, after, until)) {
    for (let at = 0; at < positions.length; at += BATCH) {
      const part = positions.slice(at, at + BATCH);
      for (const event of await trails.eventsAt(part, wanted.tenantId)) {
        if (!isWanted(event, wanted)) continue;
        if (rows.length === limit) return { rows, next: rows.at(-1)?.position };
        rows.push(event);
      }
      looked += part.length;
      if (looked >= LOOKED_AT) return { rows, next: part.at(-1) };
    }
  }
  return { rows, next: undefined };
};

/**
 * Everything after a position, then whatever comes, until the signal ends. What was and what comes are read in one way,
 * by position, so there is no seam between them at which an event could be lost or told twice.
 */
export async function* follow(
  log: EventLog,
  after: number,
  wanted: Wanted,
  signal: AbortSignal,
): AsyncGenerator<Recorded> {
  let isNews = false;
  let wake = () => {};
  const ring = () => {
    isNews = true;
    wake();
  };
  const stopListening = log.onAppend(ring);
  signal.addEventListener('abort', ring);
  try {
    for (let position = after; !signal.aborted;) {
      // Taken back before the log is read: whatever comes from here on rings again.
      isNews = false;
      const batch = await log.read(position, BATCH);
      for (const event of batch) {
        position = event.position;
        if (isWanted(event, wanted)) yield event;
        if (signal.aborted) return;
      }
      if (batch.length > 0 || isNews) continue;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    stopListening();
    signal.removeEventListener('abort', ring);
  }
}

/** The same for one thing: what was is found by its trail up to `until`, and nobody reads a whole log for it. */
export async function* followAbout(
  trails: Trails,
  resource: string,
  { after, until }: Omit<Range, 'limit'>,
  wanted: Wanted,
  signal: AbortSignal,
): AsyncGenerator<Recorded> {
  for (let next: number | undefined = after; next !== undefined && !signal.aborted;) {
    const page: Page = await readPageAbout(trails, resource, { after: next, until, limit: BATCH }, wanted);
    yield* page.rows;
    ({ next } = page);
  }
  yield* follow(trails.log, Math.max(after, until), wanted, signal);
}

const isWanted = (event: Recorded, { tenantId, resource, type }: Wanted) =>
  event.meta.tenantId === tenantId &&
  (type === undefined || event.type === type) &&
  (resource === undefined || thingsIn(event).has(resource));
