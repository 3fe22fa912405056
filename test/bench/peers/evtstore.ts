import type { Pool } from 'pg';
import type { Contender, LoadEvent } from '../contenders/contender.js';
import { pgPool } from './pg-pool.js';

const NAME = 'evtstore';
const STREAM = 'instances';
const PAGE = 10_000;
const tables = { events: 'events', bookmarks: 'bookmarks' };

type Own = Readonly<{ type: string; data: object; meta: object }>;
type Stored = Readonly<{ aggregateId: string; position: unknown; event: Own }>;
type Provider = Readonly<{
  createEvents(stream: string, aggregateId: string, version: number, events: readonly Own[]): Stored[];
  append(stream: string, aggregateId: string, version: number, events: Stored[]): Promise<unknown>;
  getEventsFrom(stream: string, position: unknown, limit: number): Promise<readonly Stored[]>;
}>;
type Evtstore = Readonly<{
  createProvider(options: { client: Pool; events: string; bookmarks: string }): Provider;
  migrate(options: { client: Pool; events: string; bookmarks: string }): Promise<void>;
}>;

export const evtstore: Contender = {
  package: NAME,
  async prepare({ url, peers }) {
    const pool = pgPool(peers, { connectionString: url, max: 1 });
    await peers.load<Evtstore>('evtstore/provider/pg').migrate({ client: pool, ...tables });
    await pool.end();
  },
  async open({ url, connections, peers }) {
    const pool = pgPool(peers, { connectionString: url, max: connections });
    const provider = peers.load<Evtstore>('evtstore/provider/pg').createProvider({ client: pool, ...tables });
    const put = async (stream: string, version: number, events: readonly LoadEvent[]) => {
      await provider.append(STREAM, stream, version, provider.createEvents(STREAM, stream, version, events));
    };
    return {
      append: (stream, version, event) => put(stream, version, [event]),
      batches: { append: (stream, events) => put(stream, 1, events) },
      replays: {
        // As its handlers are fed.
        async getEventsFrom(fold) {
          for (let position: unknown = 0; ;) {
            const page = await provider.getEventsFrom(STREAM, position, PAGE);
            const last = page.at(-1);
            if (!last) return;
            for (const { aggregateId, event } of page) fold(aggregateId, event.type, event.data);
            position = last.position;
          }
        },
      },
      close: () => pool.end(),
    };
  },
};
