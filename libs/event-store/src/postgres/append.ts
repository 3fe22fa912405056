import { DatabaseError } from 'pg';
import type { Client } from 'pg';
import type { Draft } from '../draft.js';

/** The position before the batch; or the streams for whose sake nothing of it was stored. */
export type Answer = Readonly<{ position: number }> | Readonly<{ refused: readonly string[] }>;

/** One command with one event into one stream: what most appends are. */
const ONE = {
  name: 'append one',
  text: `
    WITH head AS (
      UPDATE es_lane SET head = head + 1
      WHERE lane = 0
        AND $2::int = coalesce((SELECT max(version) FROM es_event WHERE stream = $1), 0)
        AND NOT EXISTS (SELECT FROM es_command WHERE command = $3 AND stream = $1)
      RETURNING head
    ), command AS (
      INSERT INTO es_command (stream, command, version, events) SELECT $1, $3, $2 + 1, 1 FROM head
    )
    INSERT INTO es_event (stream, version, type, schema_version, id, at, data, meta, position)
    SELECT $1, $2 + 1, $4, $5, $6, $7, $8, $9, head FROM head
    RETURNING position - 1`,
};

const MANY = {
  name: 'append many',
  text: 'SELECT base, refused FROM es_append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)',
};

/** One statement, which is its own transaction: one round trip with the commit in it. */
export const ask = async (client: Client, drafts: readonly Draft[]): Promise<Answer> => {
  const [only] = drafts;
  const values = drafts.length === 1 && only ? oneOf(only) : undefined;
  return values && only ? askOne(client, only.stream, values) : askMany(client, drafts);
};

/**
 * Reads as of its beginning, while the head may be another's: should that one have been faster, a unique index says so.
 */
const askOne = async (client: Client, stream: string, values: readonly unknown[]): Promise<Answer> => {
  try {
    const { rows } = await client.query<[string]>({ ...ONE, values: [...values], rowMode: 'array' });
    return rows[0] ? { position: Number(rows[0][0]) } : { refused: [stream] };
  } catch (error) {
    if (error instanceof DatabaseError && error.code === '23505') return { refused: [stream] };
    throw error;
  }
};

const askMany = async (client: Client, drafts: readonly Draft[]): Promise<Answer> => {
  const values = manyOf(drafts);
  const { rows } = await client.query<[string, string[] | null]>({ ...MANY, values, rowMode: 'array' });
  const [base, refused] = rows[0] ?? [];
  return refused ? { refused } : { position: Number(base) };
};

/** The values of the short statement, if the draft is short enough for it. */
const oneOf = ({ stream, expectedVersion, commands }: Draft): readonly unknown[] | undefined => {
  const [command] = commands;
  const [event] = command?.events ?? [];
  if (!command || !event || commands.length > 1 || command.events.length > 1) return undefined;
  const { id, type, schemaVersion, data } = event;
  return [stream, expectedVersion, command.id, type, schemaVersion, id, command.at, data, JSON.stringify(command.meta)];
};

/** The columns of the long statement: of the groups, of their commands, of their events. */
const manyOf = (drafts: readonly Draft[]): unknown[][] => {
  const columns: unknown[][] = Array.from({ length: 14 }, () => []);
  const put = (from: number, row: readonly unknown[]) =>
    row.forEach((value, index) => columns[from + index]?.push(value));
  for (const { stream, expectedVersion, commands } of drafts) {
    put(0, [stream, expectedVersion]);
    let version = expectedVersion;
    for (const { id: command, at, meta, events } of commands) {
      put(2, [stream, command, version + events.length, events.length]);
      const origin = JSON.stringify(meta);
      for (const { id, type, schemaVersion, data } of events) {
        put(6, [stream, ++version, type, schemaVersion, id, at, data, origin]);
      }
    }
  }
  return columns;
};

/** The connection or the server is at fault and not what was sent: lost, ended, starting, full, deadlocked. */
export const isPassing = (error: unknown): boolean => {
  if (error instanceof DatabaseError) return /^(08|57P|53300|40)/.test(error.code ?? '');
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return (
    /^E(CONN|PIPE|TIMEDOUT)/.test(code) || /Connection terminated|not queryable|connection error/.test(error.message)
  );
};
