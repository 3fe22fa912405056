import { lineOf } from '@strata/event-store';
import type { Recorded } from '@strata/event-store';

/** An event as it is stored, and as an export of a log holds it. */
export type Line = Readonly<
  Pick<
    Recorded,
    'position' | 'stream' | 'version' | 'type' | 'schemaVersion' | 'id' | 'at' | 'recordedAt' | 'data' | 'meta'
  >
>;

const UUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g;
const ID = /\b([a-z]{2,20})_([0-9a-z]{26})\b/g;
const TIME = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g;
/** How long a call took says more about the machine than about the event. */
const DURATION = /"ms":\d+(?:\.\d+)?/g;

/** The hash of a secret that nobody knows any more. */
const HASH = /"hash":"[\w-]{43}"/g;

/** A sealed text, of which nobody knows the key any more. */
const SEALED = /"v1\.[\w-]{20,}"/g;

const BEGINNING = Date.UTC(2026, 0, 1);

/**
 * Stored events that are the same each time the same stories are told: what is random or of the moment is counted instead.
 * Times keep their order, ids their look.
 */
export const normalised = (events: readonly Recorded[]): readonly Line[] => {
  const text = events
    .map((event) => lineOf({ ...event, data: JSON.stringify(event.data), meta: JSON.stringify(event.meta) }))
    .join('\n');
  const times = [...new Set(text.match(TIME))].toSorted();
  const timeOf = new Map(times.map((time, index) => [time, new Date(BEGINNING + index * 1_000).toISOString()]));
  const uuids = counter((count) => `00000000-0000-7000-8000-${String(count).padStart(12, '0')}`);
  const ids = counter((count) => String(count).padStart(26, '0'));
  return text
    .replaceAll(DURATION, '"ms":1')
    .replaceAll(HASH, `"hash":"${'A'.repeat(43)}"`)
    .replaceAll(SEALED, '"v1.sealed"')
    .replaceAll(TIME, (time) => timeOf.get(time) ?? time)
    .replaceAll(UUID, uuids)
    .replaceAll(ID, (_, prefix: string, rest: string) => `${prefix}_${ids(rest)}`)
    .split('\n')
    .map((line) => JSON.parse(line) as Line); // `lineOf` wrote it.
};

const counter = (name: (count: number) => string) => {
  const known = new Map<string, string>();
  return (random: string): string => {
    const named = known.get(random) ?? name(known.size + 1);
    known.set(random, named);
    return named;
  };
};
