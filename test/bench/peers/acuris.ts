import type { PoolConfig } from 'pg';
import type { Contender, LoadEvent, Place } from '../contenders/contender.js';

const NAME = '@acuris/eventstore-postgresql';
const SCHEMA = 'acuris';
const PAGE = 10_000;

type StreamId = Readonly<{ category: string; id: string }>;
type Written = Readonly<{ type: string; data: object; metadata: object }>;
type Resolved = Readonly<{ event: Readonly<{ streamId: StreamId; type: string; data: object }> }>;
type Observable<T> = Readonly<{
  subscribe(observer: { next(value: T): void; error(error: unknown): void; complete(): void }): unknown;
}>;
type Source = Readonly<{
  manageSchema: { create(): Promise<void> };
  streamWriter: { write(id: StreamId, events: Written[], expected: number): Promise<void> };
  storeReader: { readAllForwards(): Observable<Resolved> };
  close(): Promise<void>;
}>;
type Acuris = Readonly<{
  ConnectFromPool: new (config: PoolConfig) => object;
  PgEventSource: new (provider: object, schema: string, options: { batchSize: number }) => Source;
}>;

export const acuris: Contender = {
  package: NAME,
  async prepare(place) {
    const source = sourceAt(place);
    await source.manageSchema.create();
    await source.close();
  },
  async open(place) {
    const source = sourceAt(place);
    const { streamWriter, storeReader } = source;
    const put = (stream: string, last: number, events: readonly LoadEvent[]) =>
      streamWriter.write(
        { category: 'instance', id: stream },
        events.map(({ type, data, meta }) => ({ type, data, metadata: meta })),
        last,
      );
    return {
      // Its numbers begin at 0; -1 is a stream that is not there.
      append: (stream, version, event) => put(stream, version - 2, [event]),
      batches: { write: (stream, events) => put(stream, -1, events) },
      replays: {
        readAllForwards: (fold) =>
          new Promise((resolve, reject) => {
            storeReader.readAllForwards().subscribe({
              next: ({ event: { streamId, type, data } }) => fold(streamId.id, type, data),
              error: reject,
              complete: resolve,
            });
          }),
      },
      close: () => source.close(),
    };
  },
};

const sourceAt = ({ url, connections, peers }: Place) => {
  const { ConnectFromPool, PgEventSource } = peers.load<Acuris>(NAME);
  const provider = new ConnectFromPool({ connectionString: url, max: connections });
  return new PgEventSource(provider, SCHEMA, { batchSize: PAGE });
};
