import { LANE } from '../draft.js';
import type { Origin, Recorded } from '../event.js';
import { parsed } from '../json.js';

/** The columns of an event in the order that {@link recordOf} reads them. */
export const EVENT_COLUMNS = 'position, stream, version, type, schema_version, id, at, recorded_at, data, meta';

/** Values as PostgreSQL writes them. Whoever asks knows what they are, and parses only what it needs. */
export const RAW = { getTypeParser: () => (text: string) => text } as const;

/** @throws when the columns are not {@link EVENT_COLUMNS} */
export const recordOf = (columns: readonly string[]): Recorded => {
  const [position, stream, version, type, schemaVersion, id, at, recordedAt, data, meta] = columns;
  if (stream === undefined || type === undefined || id === undefined || at === undefined) throw malformed(columns);
  if (recordedAt === undefined || data === undefined || meta === undefined) throw malformed(columns);
  return {
    id,
    stream,
    version: Number(version),
    lane: LANE,
    position: Number(position),
    at: rfc3339(at),
    recordedAt: rfc3339(recordedAt),
    type,
    schemaVersion: Number(schemaVersion),
    data: parsed<object>(data),
    meta: parsed<Origin>(meta),
  };
};

const malformed = (columns: readonly string[]) => new Error(`${columns.length} columns are no event`);

/** `2026-11-22 09:08:07.65+00` is `2026-11-22T09:08:07.650Z`. */
export const rfc3339 = (text: string) => {
  const fraction = text.slice(20, text.indexOf('+', 19)).padEnd(3, '0');
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${fraction}Z`;
};
