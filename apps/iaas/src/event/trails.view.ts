import type { Cause } from '@strata/contracts';
import type { EventLog, Recorded, View } from '@strata/event-store';
import { validate } from 'uuid';
import { causesOf } from './cause.published.js';
import { thingsIn } from './event.published.js';
import { findEvent } from './find-event.view.js';
import { trailKey } from './trail.view.js';
import type { TrailRow } from './trail.view.js';

const PATIENCE_MS = 2_000;

/** Answers why: from a thing, an operation, a request or an event to all that began with it. */
export class Trails {
  constructor(
    private readonly log: EventLog,
    private readonly view: View<TrailRow, never>,
  ) {}

  /** Empty when the tenant has nothing of this id. */
  async why(tenantId: string, id: string): Promise<readonly Cause[]> {
    // Whoever has just done something asks for it; if the view is late, what it knows so far is an answer too.
    await this.view.waitFor(await this.log.head(), PATIENCE_MS).catch(() => undefined);
    const event = validate(id) ? await findEvent(this.log, id) : undefined;
    if (event)
      return event.meta.tenantId === tenantId ? this.#from(tenantId, [event.meta.correlationId], event.id) : [];

    const row = await this.view.of(tenantId).get(trailKey(tenantId, id));
    if (!row) return [];
    return this.#from(tenantId, [...(row.positions.length > 0 ? [id] : []), ...row.beginnings], id);
  }

  async #from(tenantId: string, beginnings: readonly string[], id: string): Promise<readonly Cause[]> {
    const keys = [...new Set(beginnings)].map((it) => trailKey(tenantId, it));
    const rows = await this.view.of(tenantId).getMany(keys);
    const found = await this.#read([...rows.values()].flatMap(({ positions }) => positions));
    return causesOf(found.filter((event) => isAbout(event, id)));
  }

  async #read(positions: readonly number[]): Promise<readonly Recorded[]> {
    const events: Recorded[] = [];
    for (const { after, count } of runsOf(positions)) events.push(...(await this.log.read(after, count)));
    return events;
  }
}

/** All that began with a request belongs together; what a host did by itself is told only as far as the thing goes. */
const isAbout = (event: Recorded, id: string) =>
  event.meta.correlationId.startsWith('req_') ||
  event.meta.correlationId === id ||
  event.id === id ||
  thingsIn(event).has(id);

/** Neighbours are read at once. */
const runsOf = (positions: readonly number[]) => {
  const runs: { after: number; count: number }[] = [];
  for (const position of [...new Set(positions)].toSorted((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last && last.after + last.count + 1 === position) last.count++;
    else runs.push({ after: position - 1, count: 1 });
  }
  return runs;
};
