import type { Contender, LoadEvent } from '../contenders/contender.js';

const NAME = '@castore/event-storage-adapter-postgres';
const context = { eventStoreId: 'instances' };

type Detail = Readonly<{ aggregateId: string; version: number; type: string; payload: object; metadata: object }>;
type Adapter = Readonly<{
  pushEvent(detail: Detail, context: object): Promise<unknown>;
  pushEventGroup(options: object, ...events: object[]): Promise<unknown>;
  getEvents(aggregateId: string, context: object): Promise<{ events: readonly Detail[] }>;
  /** Its client; there is no other way to close it. */
  _sql: { end(): Promise<void> };
}>;
type Castore = Readonly<{
  PostgresEventStorageAdapter: (new (place: { connectionString: string }) => Adapter) & {
    createEventTable(table: {
      connectionString: string;
      aggregateId: { type: 'VARCHAR'; length: number };
    }): Promise<unknown>;
  };
}>;
type Core = Readonly<{
  GroupedEvent: new (it: { event: Detail; eventStorageAdapter: Adapter; context: object }) => object;
}>;

export const castore: Contender = {
  package: NAME,
  async prepare({ url, peers }) {
    const { PostgresEventStorageAdapter } = peers.load<Castore>(NAME);
    const aggregateId = { type: 'VARCHAR', length: 64 } as const;
    await PostgresEventStorageAdapter.createEventTable({ connectionString: url, aggregateId });
  },
  async open({ url, connections, peers }) {
    const { PostgresEventStorageAdapter } = peers.load<Castore>(NAME);
    const { GroupedEvent } = peers.load<Core>('@castore/core');
    const adapter = new PostgresEventStorageAdapter({ connectionString: `${url}?max=${connections}` });
    return {
      append: async (stream, version, event) => {
        await adapter.pushEvent(detailOf(stream, version, event), context);
      },
      batches: {
        async pushEventGroup(stream, events) {
          const group = events.map((event, index) => {
            const detail = detailOf(stream, index + 1, event);
            return new GroupedEvent({ event: detail, eventStorageAdapter: adapter, context });
          });
          await adapter.pushEventGroup({}, ...group);
        },
      },
      replays: {
        // It has no order over all aggregates.
        async 'getEvents of each'(fold, streams) {
          for (const stream of streams) {
            const { events } = await adapter.getEvents(stream, context);
            for (const { type, payload } of events) fold(stream, type, payload);
          }
        },
      },
      close: () => adapter._sql.end(),
    };
  },
};

const detailOf = (aggregateId: string, version: number, { type, data, meta }: LoadEvent): Detail => ({
  aggregateId,
  version,
  type,
  payload: data,
  metadata: meta,
});
