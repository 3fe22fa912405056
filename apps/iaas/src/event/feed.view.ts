import type { EventFilter, EventLog, Recorded } from '@strata/event-store';
import { thingsIn } from './event.published.js';

/** What an asker wants to see, and may. */
export type Wanted = Readonly<{ tenantId: string; resource?: string | undefined; type?: string | undefined }>;

const BATCH = 1_000;
/** How many events one page looks at before it says "go on from here", so that a rare filter holds nobody up. */
const LOOKED_AT = 20_000;

/** At most `limit` events after a position. `next` is where to go on, while there is more to look at. */
export const readPage = async (log: EventLog, after: number, limit: number, wanted: Wanted) => {
  const { tenantId, type } = wanted;
  const filter: EventFilter = { tenantId, ...(type !== undefined && { types: [type] }) };
  let events: readonly Recorded[] = [];
  let position = after;
  for (let looked = 0; looked < LOOKED_AT; looked += BATCH) {
    const batch = await log.read(position, BATCH, filter);
    const room = limit - events.length;
    const found = batch.filter((event) => isWanted(event, wanted));
    if (found.length > room) {
      events = [...events, ...found.slice(0, room)];
      return { events, next: events.at(-1)?.position };
    }
    events = [...events, ...found];
    if (batch.length < BATCH) return { events, next: undefined };
    position = batch.at(-1)?.position ?? position;
  }
  return { events, next: position };
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

const isWanted = (event: Recorded, { tenantId, resource, type }: Wanted) =>
  event.meta.tenantId === tenantId &&
  (type === undefined || event.type === type) &&
  (resource === undefined || thingsIn(event).has(resource));
