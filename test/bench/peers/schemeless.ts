import type { Contender, LoadEvent, Place } from '../contenders/contender.js';

const NAME = '@schemeless/event-store-adapter-pg';
const PAGE = 10_000;

type Stored = Readonly<{ domain: string; type: string; identifier: string; payload: object; meta: object }>;
type Adapter = Readonly<{
  init(): Promise<void>;
  appendToStream(events: Stored[], expectedVersion: number): Promise<unknown>;
  getAllEvents(pageSize: number): Promise<AsyncIterable<readonly Stored[]>>;
  close(): Promise<void>;
}>;
type Schemeless = Readonly<{
  PgEventStoreAdapter: new (options: { connectionString: string; max: number }) => Adapter;
}>;

export const schemeless: Contender = {
  package: NAME,
  async prepare(place) {
    const adapter = adapterAt(place);
    await adapter.init();
    await adapter.close();
  },
  async open(place) {
    const adapter = adapterAt(place);
    const put = async (stream: string, version: number, events: readonly LoadEvent[]) => {
      await adapter.appendToStream(events.map(storedIn(stream)), version);
    };
    return {
      append: (stream, version, event) => put(stream, version - 1, [event]),
      batches: { appendToStream: (stream, events) => put(stream, 0, events) },
      replays: {
        async getAllEvents(fold) {
          for await (const page of await adapter.getAllEvents(PAGE)) {
            for (const { identifier, type, payload } of page) fold(identifier, type, payload);
          }
        },
      },
      close: () => adapter.close(),
    };
  },
};

const adapterAt = ({ url, connections, peers }: Place) => {
  const { PgEventStoreAdapter } = peers.load<Schemeless>(NAME);
  return new PgEventStoreAdapter({ connectionString: url, max: connections });
};

const storedIn =
  (identifier: string) =>
  ({ type, data, meta }: LoadEvent): Stored => ({ domain: 'instance', type, identifier, payload: data, meta });
