import type { EventLog, Recorded } from '@strata/event-store';

/** How far an id's time may be from its place in the log, when several processes with clocks of their own write it. */
const SLACK_MS = 2_000;
const BATCH = 1_000;

/**
 * An event by its id, without an index and without reading the log through: an id (UUID, version 7) begins with the
 * time at which it was given out, and ids are given out in the order of the log.
 */
export const findEvent = async (log: EventLog, id: string): Promise<Recorded | undefined> => {
  const time = timeOf(id);
  let position = await lastBefore(log, time - SLACK_MS);
  for (;;) {
    const batch = await log.read(position, BATCH);
    const found = batch.find((event) => event.id === id);
    const last = batch.at(-1);
    if (found || last === undefined || timeOf(last.id) > time + SLACK_MS) return found;
    position = last.position;
  }
};

/** The position of the last event whose id was given out before a time. */
const lastBefore = async (log: EventLog, time: number): Promise<number> => {
  let [low, high] = [0, await log.head()];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const [event] = await log.read(middle - 1, 1);
    if (event && timeOf(event.id) < time) low = middle;
    else high = middle - 1;
  }
  return low;
};

/** Milliseconds since the epoch: the first 48 bits. */
const timeOf = (id: string) => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
