import type { Client } from 'pg';
import { eventsIn, hashesOf } from '../draft.js';
import type { Draft, Head } from '../draft.js';
import { hexes, ints, texts, times } from './binary-array.js';

/** `moved`: somebody else has appended since the head that the batch was made for; nothing was stored. */
export type Answer = 'stored' | 'moved' | Readonly<{ refused: readonly string[] }>;

/** A batch made for one head: where it begins, and where the lane is once it is stored. */
export type Batch = Readonly<{ drafts: readonly Draft[]; head: Head; next: Head; hashes: readonly string[] }>;

export const batchOf = (drafts: readonly Draft[], head: Head, recordedAt: string): Batch => {
  let next = head;
  const hashes: string[] = [];
  for (const draft of drafts) {
    const own = hashesOf(draft, next, recordedAt);
    for (const hash of own) hashes.push(hash);
    next = { position: next.position + eventsIn(draft), hash: own.at(-1) ?? next.hash, recordedAt };
  }
  return { drafts, head, next, hashes };
};

/**
 * Stores a batch if the head is still the one that it was made for (its hash too: somebody else may have come as far by
 * other events), no stream is elsewhere than expected, and none of the
 * commands is stored already. One statement is its own transaction: one round trip with the commit in it. Taking the head
 * comes first in effect: two writers that both expect it wait for one another, and the second finds it moved. So
 * positions have no gaps, the order of commits is the order of positions, and each event is chained to the one before.
 */
const MANY = {
  name: 'append many',
  text: `
    WITH elsewhere AS MATERIALIZED (
      SELECT stream FROM unnest($4::text[], $5::int[]) AS g (stream, expected)
        WHERE expected <> coalesce((SELECT max(e.version) FROM es_event e WHERE e.stream = g.stream), 0)
      UNION ALL
      SELECT stream FROM unnest($6::text[], $7::text[]) AS c (command, stream)
        WHERE EXISTS (SELECT FROM es_event e WHERE e.command = c.command::uuid AND e.stream = c.stream)
    ), taken AS (
      UPDATE es_lane SET head = $1::bigint + cardinality($8::text[]), hash = $2, recorded_at = $3
      WHERE lane = 0 AND head = $1 AND hash = $19 AND NOT EXISTS (SELECT FROM elsewhere)
      RETURNING 1
    ), put AS (
      INSERT INTO es_event
        (position, stream, version, type, schema_version, id, at, data, meta, tenant, command, hash, recorded_at)
      SELECT $1 + n, stream, version, type, schema_version, id::uuid, at, data::json, meta::json, tenant,
        command::uuid, hash, $3
      FROM taken, unnest($8::text[], $9::int[], $10::text[], $11::int[], $12::text[], $13::timestamptz[], $14::text[],
        $15::text[], $16::text[], $17::text[], $18::bytea[])
        WITH ORDINALITY AS e (stream, version, type, schema_version, id, at, data, meta, tenant, command, hash, n)
    )
    SELECT (SELECT count(*) FROM taken), (SELECT array_agg(stream) FROM elsewhere)`,
};

/** The same for one command with one event into one stream: what most appends are. */
const ONE = {
  name: 'append one',
  text: `
    WITH elsewhere AS MATERIALIZED (
      SELECT WHERE $5::int <> coalesce((SELECT max(version) FROM es_event WHERE stream = $4), 0)
        OR EXISTS (SELECT FROM es_event WHERE command = $6 AND stream = $4)
    ), taken AS (
      UPDATE es_lane SET head = $1::bigint + 1, hash = $2, recorded_at = $3
      WHERE lane = 0 AND head = $1 AND hash = $14 AND NOT EXISTS (SELECT FROM elsewhere)
      RETURNING 1
    ), put AS (
      INSERT INTO es_event
        (position, stream, version, type, schema_version, id, at, data, meta, tenant, command, hash, recorded_at)
      SELECT $1 + 1, $4, $5 + 1, $7, $8, $9, $10, $11, $12, $13, $6, $2, $3 FROM taken
    )
    SELECT (SELECT count(*) FROM taken), (SELECT ARRAY[$4::text] FROM elsewhere)`,
};

export const ask = async (client: Client, batch: Batch): Promise<Answer> => {
  const statement = oneOf(batch) ?? { ...MANY, values: manyOf(batch) };
  const { rows } = await client.query<[string, string[] | null]>({ ...statement, rowMode: 'array' });
  const [taken, refused] = rows[0] ?? [];
  if (refused) return { refused };
  return taken === '1' ? 'stored' : 'moved';
};

/** The values of the short statement, if the batch is short enough for it. */
const oneOf = ({ drafts, head, next }: Batch) => {
  const [draft] = drafts;
  const [command] = draft?.commands ?? [];
  const [event] = command?.events ?? [];
  if (!draft || !command || !event) return undefined;
  if (drafts.length > 1 || draft.commands.length > 1 || command.events.length > 1) return undefined;
  const { stream, expectedVersion } = draft;
  const { id, type, schemaVersion, data } = event;
  const { at, origin, meta } = command;
  const values = [
    ...[head.position, Buffer.from(next.hash, 'hex'), next.recordedAt, stream, expectedVersion, command.id],
    ...[type, schemaVersion, id, at, data, origin, meta.tenantId, Buffer.from(head.hash, 'hex')],
  ];
  return { ...ONE, values };
};

/** The columns of the long statement: of the groups, of their commands, of their events. */
const manyOf = ({ drafts, head, next, hashes }: Batch): unknown[] => {
  const groups = { stream: [] as string[], expected: [] as number[] };
  const commands = { command: [] as string[], stream: [] as string[] };
  const e = {
    stream: [] as string[],
    version: [] as number[],
    type: [] as string[],
    schemaVersion: [] as number[],
    id: [] as string[],
    at: [] as string[],
    data: [] as string[],
    meta: [] as string[],
    tenant: [] as string[],
    command: [] as string[],
  };
  for (const { stream, expectedVersion, commands: all } of drafts) {
    groups.stream.push(stream);
    groups.expected.push(expectedVersion);
    let version = expectedVersion;
    for (const { id: command, at, origin, meta, events } of all) {
      commands.command.push(command);
      commands.stream.push(stream);
      for (const { id, type, schemaVersion, data } of events) {
        e.stream.push(stream);
        e.version.push(++version);
        e.type.push(type);
        e.schemaVersion.push(schemaVersion);
        e.id.push(id);
        e.at.push(at);
        e.data.push(data);
        e.meta.push(origin);
        e.tenant.push(meta.tenantId);
        e.command.push(command);
      }
    }
  }
  return [
    ...[head.position, Buffer.from(next.hash, 'hex'), next.recordedAt, texts(groups.stream), ints(groups.expected)],
    ...[texts(commands.command), texts(commands.stream), texts(e.stream), ints(e.version), texts(e.type)],
    ...[ints(e.schemaVersion), texts(e.id), times(e.at), texts(e.data), texts(e.meta), texts(e.tenant)],
    ...[texts(e.command), hexes(hashes), Buffer.from(head.hash, 'hex')],
  ];
};
