import { v7 } from 'uuid';
import type { Contender, LoadEvent, Place } from '../contenders/contender.js';
import { pgPool } from './pg-pool.js';
import type { EndingPool } from './pg-pool.js';

const NAME = '@event-driven-io/emmett-postgresql';
const PAGE = 10_000;

type Written = Readonly<{ type: string; data: object; metadata: object }>;
type Told = Readonly<{ type: string; data: object; metadata: Readonly<{ streamName: string }> }>;
type Consumer = Readonly<{
  reactor(options: { processorId: string; startFrom: 'BEGINNING'; eachMessage: (message: Told) => void }): void;
  start(): Promise<void>;
  close(): Promise<void>;
}>;
type EmmettStore = Readonly<{
  schema: { migrate(): Promise<unknown> };
  appendToStream(name: string, events: Written[], options: { expectedStreamVersion: bigint }): Promise<unknown>;
  readStream(name: string): Promise<{ events: readonly Told[] }>;
  close(): Promise<void>;
}>;
type Emmett = Readonly<{
  getPostgreSQLEventStore(
    url: string,
    options: { schema: { autoMigration: 'None' }; connectionOptions: { pooled: true; pool: EndingPool } },
  ): EmmettStore;
  postgreSQLEventStoreConsumer(options: {
    connectionString: string;
    stopWhen: { noMessagesLeft: true };
    pulling: { batchSize: number };
  }): Consumer;
}>;

export const emmett: Contender = {
  package: NAME,
  async prepare(place) {
    const { store, close } = storeAt(place);
    await store.schema.migrate();
    await close();
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
        // In the order of the log, as its processors and projections are fed.
        async 'consumer, in order'(fold) {
          const { postgreSQLEventStoreConsumer } = place.peers.load<Emmett>(NAME);
          const consumer = postgreSQLEventStoreConsumer({
            connectionString: place.url,
            stopWhen: { noMessagesLeft: true },
            pulling: { batchSize: PAGE },
          });
          consumer.reactor({
            processorId: v7(),
            startFrom: 'BEGINNING',
            eachMessage: ({ type, data, metadata }) => fold(metadata.streamName, type, data),
          });
          await consumer.start();
          await consumer.close();
        },
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
  const { getPostgreSQLEventStore } = peers.load<Emmett>(NAME);
  const pool = pgPool(peers, { connectionString: url, max: connections });
  const store = getPostgreSQLEventStore(url, {
    schema: { autoMigration: 'None' },
    connectionOptions: { pooled: true, pool },
  });
  const close = async () => {
    await store.close();
    // Some versions end the pool that they were given.
    if (!pool.ended) await pool.end();
  };
  return { store, close };
};
