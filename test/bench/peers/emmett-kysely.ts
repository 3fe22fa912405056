import type { Pool } from 'pg';
import type { Contender, LoadEvent, Place } from '../contenders/contender.js';
import { pgPool } from './pg-pool.js';

const NAME = '@wataruoguchi/emmett-event-store-kysely';

/** It brings no schema, but says what its tables hold; keys and indexes are those of emmett's own. */
const TABLES = `
  CREATE TABLE streams (
    stream_id text NOT NULL, stream_position bigint NOT NULL, partition text NOT NULL, stream_type text NOT NULL,
    stream_metadata jsonb NOT NULL, is_archived boolean NOT NULL DEFAULT false,
    PRIMARY KEY (stream_id, partition, is_archived)
  );
  CREATE SEQUENCE global_position;
  CREATE TABLE messages (
    stream_id text NOT NULL, stream_position bigint NOT NULL, partition text NOT NULL,
    message_kind varchar(1) NOT NULL, message_data jsonb NOT NULL, message_metadata jsonb NOT NULL,
    message_schema_version text NOT NULL, message_type text NOT NULL, message_id text NOT NULL,
    is_archived boolean NOT NULL DEFAULT false, created timestamptz NOT NULL DEFAULT now(),
    global_position bigint NOT NULL DEFAULT nextval('global_position'),
    PRIMARY KEY (stream_id, stream_position, partition, is_archived)
  );
  CREATE INDEX messages_in_order ON messages (global_position)`;

type Told = Readonly<{ type: string; data: object }>;
type KyselyStore = Readonly<{
  appendToStream(
    stream: string,
    events: { type: string; data: object; metadata: object }[],
    options: { expectedStreamVersion: bigint },
  ): Promise<unknown>;
  readStream(stream: string): Promise<{ events: readonly Told[] }>;
}>;
type Kysely = Readonly<{
  Kysely: new (options: { dialect: object }) => Readonly<{ destroy(): Promise<void> }>;
  PostgresDialect: new (options: { pool: Pool }) => object;
}>;
type EmmettKysely = Readonly<{
  getKyselyEventStore(parts: { db: object; logger: object }): KyselyStore;
}>;

export const emmettKysely: Contender = {
  package: NAME,
  async prepare({ url, peers }) {
    const pool = pgPool(peers, { connectionString: url, max: 1 });
    await pool.query(TABLES);
    await pool.end();
  },
  async open(place) {
    const { store, close } = storeAt(place);
    const put = async (stream: string, version: number, events: readonly LoadEvent[]) => {
      const written = events.map(({ type, data, meta }) => ({ type, data, metadata: meta }));
      await store.appendToStream(stream, written, { expectedStreamVersion: BigInt(version) });
    };
    return {
      append: (stream, version, event) => put(stream, version - 1, [event]),
      batches: { appendToStream: (stream, events) => put(stream, 0, events) },
      replays: {
        async 'readStream of each'(fold, streams) {
          for (const stream of streams) {
            for (const { type, data } of (await store.readStream(stream)).events) fold(stream, type, data);
          }
        },
      },
      close,
    };
  },
};

const storeAt = ({ url, connections, peers }: Place) => {
  const { Kysely, PostgresDialect } = peers.load<Kysely>('kysely');
  const pool = pgPool(peers, { connectionString: url, max: connections });
  const db = new Kysely({ dialect: new PostgresDialect({ pool }) });
  const silent = { info() {}, error() {} };
  const store = peers.load<EmmettKysely>(NAME).getKyselyEventStore({ db, logger: silent });
  return { store, close: () => db.destroy() };
};
