import { Pool } from 'pg';
import type { Submittable } from 'pg';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { v7 } from 'uuid';
import type { Contender, Fold, LoadEvent, Place } from './contender.js';

const TABLE = `
  CREATE TABLE plain_event (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, stream text NOT NULL, version int NOT NULL,
    type text NOT NULL, id uuid NOT NULL, at timestamptz NOT NULL, data json NOT NULL, meta json NOT NULL,
    UNIQUE (stream, version)
  )`;
const COLUMNS = 'stream, version, type, id, at, data, meta';
const ONE = { name: 'one', text: `INSERT INTO plain_event (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7)` };
const MANY = {
  name: 'many',
  text: `
    INSERT INTO plain_event (${COLUMNS})
    SELECT * FROM unnest($1::text[], $2::int[], $3::text[], $4::uuid[], $5::timestamptz[], $6::json[], $7::json[])`,
};
const EVENTS = 'SELECT position, stream, version, type, id, at, data, meta FROM plain_event';
const ALL = `${EVENTS} ORDER BY position`;
const NEXT = { name: 'next', text: `${EVENTS} WHERE position > $1 ORDER BY position LIMIT $2` };
const PAGE = 10_000;

type Row = Readonly<{ position: string; stream: string; type: string; data: object }>;
type Copying = Readonly<{ from(sql: string): Submittable & Writable }>;
type Cursor = Submittable & Readonly<{ read(rows: number): Promise<readonly Row[]>; close(): Promise<void> }>;
type QueryStream = Submittable & AsyncIterable<Row>;

/**
 * The least that SQL needs for an event with an expected version. Two callers that expect the same version are told
 * apart by the unique index; nothing else is promised.
 */
export const plain: Contender = {
  async prepare({ url }) {
    const pool = new Pool({ connectionString: url, max: 1 });
    await pool.query(TABLE);
    await pool.end();
  },
  async open({ url, connections, peers }) {
    const pool = new Pool({ connectionString: url, max: connections });
    return {
      append: async (stream, version, event) => {
        await pool.query({ ...ONE, values: [...rowOf(stream, version, event)] });
      },
      batches: {
        unnest: async (stream, events) => {
          const rows = events.map((event, index) => rowOf(stream, index + 1, event));
          const columns = Array.from({ length: 7 }, (_, column) => rows.map((row) => row[column]));
          await pool.query({ ...MANY, values: columns });
        },
        ...(peers.has('pg-copy-streams') && {
          COPY: (stream: string, events: readonly LoadEvent[]) => copyIn(pool, peers, stream, events),
        }),
      },
      replays: {
        pages: (fold) => byPages(pool, fold),
        ...(peers.has('pg-cursor') && { 'pg-cursor': (fold: Fold) => byCursor(pool, peers, fold) }),
        ...(peers.has('pg-query-stream') && { 'pg-query-stream': (fold: Fold) => byStream(pool, peers, fold) }),
      },
      close: () => pool.end(),
    };
  },
};

const rowOf = (stream: string, version: number, { type, data, meta }: LoadEvent) =>
  [stream, version, type, v7(), new Date().toISOString(), JSON.stringify(data), JSON.stringify(meta)] as const;

const copyIn = async (pool: Pool, peers: Place['peers'], stream: string, events: readonly LoadEvent[]) => {
  const { from } = peers.load<Copying>('pg-copy-streams');
  const client = await pool.connect();
  try {
    const copy = client.query(from(`COPY plain_event (${COLUMNS}) FROM STDIN`));
    const stored = once(copy, 'finish');
    copy.end(events.map((event, index) => `${lineOf(rowOf(stream, index + 1, event))}\n`).join(''));
    await stored;
  } finally {
    client.release();
  }
};

const lineOf = (row: readonly (string | number)[]) =>
  row.map((value) => String(value).replaceAll('\\', '\\\\').replaceAll('\t', '\\t')).join('\t');

const byPages = async (pool: Pool, fold: Fold) => {
  for (let position = '0'; ;) {
    const { rows } = await pool.query<Row>({ ...NEXT, values: [position, PAGE] });
    const last = rows.at(-1);
    if (!last) return;
    for (const { stream, type, data } of rows) fold(stream, type, data);
    position = last.position;
  }
};

const byCursor = async (pool: Pool, peers: Place['peers'], fold: Fold) => {
  const Cursor = peers.load<new (sql: string) => Cursor>('pg-cursor');
  const client = await pool.connect();
  try {
    const cursor = client.query(new Cursor(ALL));
    for (let rows = await cursor.read(PAGE); rows.length > 0; rows = await cursor.read(PAGE)) {
      for (const { stream, type, data } of rows) fold(stream, type, data);
    }
    await cursor.close();
  } finally {
    client.release();
  }
};

const byStream = async (pool: Pool, peers: Place['peers'], fold: Fold) => {
  type Options = Readonly<{ batchSize: number; highWaterMark: number }>;
  const Query = peers.load<new (sql: string, values: [], options: Options) => QueryStream>('pg-query-stream');
  const client = await pool.connect();
  try {
    const rows = client.query(new Query(ALL, [], { batchSize: PAGE, highWaterMark: PAGE }));
    for await (const { stream, type, data } of rows) fold(stream, type, data);
  } finally {
    client.release();
  }
};
