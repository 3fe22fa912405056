import { LANE } from '../draft.js';
import type { Origin, Recorded } from '../event.js';
import { parsed } from '../json.js';
import { BinaryRow, KeptTime } from './binary-row.js';

/** How many events the server puts into one row: so many that a row costs little, and so few that its bytes fit into one read of the socket. */
const PER_PAGE = 100;

/**
 * Selects the events behind a position, up to another one, in order, many to a row. What costs a reader most is not the events
 * but their rows and columns, each of which is packed, sent, found and unpacked by itself; here there is one of each for hundreds
 * of events. The ordered subselect is what keeps the columns in step and in order.
 */
export const pagesBetween = (after: number, until: number): string => `
  SELECT page.* FROM generate_series(${after}::bigint, ${until - 1}, ${PER_PAGE}) AS begin (after), LATERAL (
    SELECT array_agg(position), string_agg(stream, E'\\n'), array_agg(version), string_agg(type, E'\\n'),
      array_agg(schema_version::int), array_agg(id), array_agg(at), array_agg(recorded_at),
      string_agg(data::text, ','), string_agg(meta::text, ',')
    FROM (
      SELECT position, stream, version, type, schema_version, id, at, recorded_at, data, meta FROM es_event
      WHERE lane = 0 AND position > begin.after AND position <= least(begin.after + ${PER_PAGE}, ${until})
      ORDER BY position
    ) AS event
    HAVING count(*) > 0
  ) AS page`;

/** Reads rows of {@link pagesBetween}, each of them once. */
export class BinaryPages extends BinaryRow {
  readonly #asked = new KeptTime();
  readonly #recorded = new KeptTime();

  readonly read = (bytes: Buffer, start: number): readonly Recorded[] => {
    this.begin(bytes, start);
    const positions = this.bigints();
    const streams = this.text().split('\n');
    const versions = this.ints();
    const types = this.text().split('\n');
    const schemaVersions = this.ints();
    const ids = this.uuids();
    const asked = this.bigints();
    const recorded = this.bigints();
    const all = parsed<readonly object[]>(`[${this.text()}]`);
    const metas = parsed<readonly Origin[]>(`[${this.text()}]`);
    return all.map((data, index): Recorded => {
      const [stream, type, meta] = [streams[index], types[index], metas[index]];
      if (stream === undefined || type === undefined || meta === undefined) throw new Error('a page is out of step');
      const at = this.#asked.textOf(asked(index));
      const recordedAt = this.#recorded.textOf(recorded(index));
      const place = { id: ids(index), stream, version: versions(index), lane: LANE, position: positions(index) };
      return { ...place, at, recordedAt, type, schemaVersion: schemaVersions(index), data, meta };
    });
  };
}
