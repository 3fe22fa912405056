import { defineView, isAbout } from '@strata/event-store';
import type { Recorded } from '@strata/event-store';
import { thingsIn } from './event.published.js';

/**
 * How to find the events that belong together without reading the log through: where in one span of the log an id is
 * spoken of, and what began there. Positions are only ever added, so what is known of an instant stays known.
 */
export type TrailRow = Readonly<{
  tenantId: string;
  id: string;
  /** Positions of the events that began with it: those of a request, or of what a host did by itself. */
  effects: readonly number[];
  /** Positions of the events that speak of it, be it a thing or its name. */
  mentions: readonly number[];
  /** What has begun with this thing, and the position of its first event. */
  beginnings: readonly Beginning[];
}>;
export type Beginning = readonly [correlationId: string, position: number];

/** So many positions share a row. Rows are small then, and those of a thing that is much spoken of are read in pages. */
const SPAN = 1_000;

/** Progress causes nothing, and there is much of it. */
const SILENT = 'StepProgressed';

/** Tenants, ids and names have no blanks; numbers of one length are in order as text. */
const trailKey = (tenantId: string, id: string, position: number) =>
  `${tenantId} ${id} ${String(Math.floor(position / SPAN)).padStart(12, '0')}`;

/** The keys of all that is known of an id behind a position. */
export const trailAfter = (tenantId: string, id: string, position: number) =>
  [trailKey(tenantId, id, position + 1), `${tenantId} ${id}!`] as const;

const idOf = (key: string) => key.split(' ')[1] ?? '';

export const trailView = defineView<TrailRow, never>({
  name: 'trail',
  version: 3,
  tenant: (row) => row.tenantId,
  columns: {},
  key(event) {
    const { tenantId, correlationId } = event.meta;
    const ids = new Set([...(event.type === SILENT ? [] : [correlationId]), ...spokenOf(event)]);
    return [...ids].map((id) => trailKey(tenantId, id, event.position));
  },
  evolve(row, event, key) {
    const { position, type } = event;
    const { tenantId, correlationId, causationId } = event.meta;
    const id = idOf(key);
    const { effects, mentions, beginnings } = row ?? { effects: [], mentions: [], beginnings: [] };
    const isEffect = id === correlationId && type !== SILENT;
    const isMention = spokenOf(event).has(id);
    // Later events repeat what the first one speaks of, or speak of what is shared by all.
    const isFirst = isMention && causationId === correlationId;
    return {
      tenantId,
      id,
      effects: isEffect ? [...effects, position] : effects,
      mentions: isMention ? [...mentions, position] : mentions,
      beginnings:
        isFirst && !beginnings.some(([known]) => known === correlationId)
          ? [...beginnings, [correlationId, position]]
          : beginnings,
    };
  },
});

const named = ['instance', 'network'].map(isAbout);

/** The name that an event gives to the thing whose stream it is in. */
export const nameIn = (event: Pick<Recorded, 'stream' | 'data'>): string | undefined =>
  'name' in event.data && typeof event.data.name === 'string' && named.some((isIt) => isIt(event))
    ? event.data.name
    : undefined;

const found = new WeakMap<object, ReadonlySet<string>>();

/** Found once for each event, however many rows it concerns. */
const spokenOf = (event: Recorded): ReadonlySet<string> => {
  const known = found.get(event);
  if (known) return known;
  const name = nameIn(event);
  const ids = new Set([...thingsIn(event), ...(name === undefined ? [] : [name])]);
  found.set(event, ids);
  return ids;
};
