import { readFile } from 'node:fs/promises';
import { v7 } from 'uuid';
import type { Contender, LoadEvent, Place } from '../contenders/contender.js';
import { pgPool } from './pg-pool.js';

const NAME = '@eventide/message-db';
const PAGE = 1_000;

/** What its `install.sh` gives to psql, which is not on every machine, in that order. */
const FILES = [
  ...['roles/message-store', 'schema/message-store', 'extensions/pgcrypto', 'tables/messages', 'types/message'],
  ...['message-store-version', 'hash-64', 'acquire-lock', 'category', 'is-category', 'id', 'cardinal-id'].map(
    functions,
  ),
  ...['stream-version', 'write-message', 'get-stream-messages', 'get-category-messages'].map(functions),
  ...['indexes/messages-id', 'indexes/messages-stream', 'indexes/messages-category'],
];

function functions(name: string) {
  return `functions/${name}`;
}

const ONE = { name: 'write', text: 'SELECT write_message($1, $2, $3, $4::jsonb, $5::jsonb, $6)' };
/** It has no call for several messages: this is its function, called for each of them in one statement. */
const MANY = {
  name: 'write many',
  text: `
    SELECT write_message(id, $1, type, data, meta, expected)
    FROM unnest($2::varchar[], $3::varchar[], $4::jsonb[], $5::jsonb[], $6::bigint[])
      AS message (id, type, data, meta, expected)`,
};
const READ = { name: 'read', text: 'SELECT * FROM get_category_messages($1, $2, $3)' };

type Message = Readonly<{ stream_name: string; type: string; global_position: string; data: string; metadata: string }>;

export const messageDb: Contender = {
  package: NAME,
  async prepare(place) {
    const pool = poolAt(place);
    for (const file of FILES) {
      await pool.query(await readFile(place.peers.fileOf(NAME, `database/${file}.sql`), 'utf8'));
    }
    await pool.end();
  },
  async open(place) {
    const pool = poolAt(place);
    return {
      append: async (stream, version, event) => {
        // Its versions begin at 0; -1 is a stream that is not there.
        await pool.query({ ...ONE, values: [v7(), nameOf(stream), ...textsOf(event), version - 2] });
      },
      batches: {
        async 'write_message of each'(stream, events) {
          const texts = events.map(textsOf);
          const columns = [0, 1, 2].map((column) => texts.map((row) => row[column]));
          const ids = events.map(() => v7());
          const expected = events.map((_, index) => index - 1);
          await pool.query({ ...MANY, values: [nameOf(stream), ids, ...columns, expected] });
        },
      },
      replays: {
        async get_category_messages(fold) {
          for (let position = '1'; ;) {
            const { rows } = await pool.query<Message>({ ...READ, values: ['instance', position, PAGE] });
            const last = rows.at(-1);
            if (!last) return;
            for (const { stream_name: stream, type, data, metadata } of rows) {
              JSON.parse(metadata);
              fold(stream, type, JSON.parse(data) as object); // Made by `eventOf`.
            }
            position = String(BigInt(last.global_position) + 1n);
          }
        },
      },
      close: () => pool.end(),
    };
  },
};

/** The category ends at the first dash. */
const nameOf = (stream: string) => `instance-${stream.replaceAll('-', '')}`;

const textsOf = ({ type, data, meta }: LoadEvent) => [type, JSON.stringify(data), JSON.stringify(meta)];

const poolAt = ({ url, connections, peers }: Place) =>
  pgPool(peers, { connectionString: url, max: connections, options: '-c search_path=message_store,public' });
