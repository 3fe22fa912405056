import { defineView } from '@strata/event-store';
import type { Recorded } from '@strata/event-store';
import { thingsIn } from './event.published.js';

/**
 * How to find the events that belong together without reading the log through. For what something began with (mostly a
 * request): where its events are. For a thing: what has begun with it.
 */
export type TrailRow = Readonly<{ tenantId: string; positions: readonly number[]; beginnings: readonly string[] }>;

/** A host's own reports have no end; of those, and of what is asked of one thing, the newest are kept. */
const POSITIONS = 500;
const BEGINNINGS = 100;

/** Progress causes nothing, and there is much of it. */
const SILENT = 'StepProgressed';

export const trailKey = (tenantId: string, id: string) => `${tenantId} ${id}`;

const nothing: Pick<TrailRow, 'positions' | 'beginnings'> = { positions: [], beginnings: [] };

export const trailView = defineView<TrailRow, never>({
  name: 'trail',
  version: 2,
  tenant: (row) => row.tenantId,
  columns: {},
  key(event) {
    if (event.type === SILENT) return undefined;
    const { tenantId, correlationId } = event.meta;
    return [...new Set([correlationId, ...thingsBegun(event)])].map((id) => trailKey(tenantId, id));
  },
  evolve(row, event, key) {
    const { tenantId, correlationId } = event.meta;
    const { positions, beginnings } = row ?? nothing;
    const isBeginning = key === trailKey(tenantId, correlationId);
    const isThing = [...thingsBegun(event)].some((id) => key === trailKey(tenantId, id));
    return {
      tenantId,
      positions: isBeginning ? [...positions, event.position].slice(-POSITIONS) : positions,
      beginnings:
        isThing && !beginnings.includes(correlationId) ? [...beginnings, correlationId].slice(-BEGINNINGS) : beginnings,
    };
  },
});

/** The things that the first event of a request speaks of. Later ones repeat them, or speak of what is shared by all. */
const thingsBegun = (event: Recorded): ReadonlySet<string> =>
  event.meta.causationId === event.meta.correlationId ? thingsIn(event) : new Set();
