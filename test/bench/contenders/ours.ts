import { PostgresEventStore } from '@strata/event-store';
import { v7 } from 'uuid';
import type { Contender, LoadEvent } from './contender.js';

/** Our log, through its public API. */
export const ours: Contender = {
  async open({ url }) {
    const store = await PostgresEventStore.open({ url, schema: 'bench' });
    const put = async (stream: string, expectedVersion: number, events: readonly LoadEvent[]) => {
      const meta = { ...origin, commandId: v7(), at: new Date().toISOString() };
      const { outcome } = await store.log.append({ stream, expectedVersion, events: events.map(bare), meta });
      if (outcome !== 'appended') throw new Error(`${stream} at ${expectedVersion}: ${outcome}`);
    };
    return {
      append: (stream, version, event) => put(stream, version - 1, [event]),
      batches: { append: (stream, events) => put(stream, 0, events) },
      replays: {
        async readAll(fold) {
          for await (const batch of store.log.readAll(0)) {
            for (const { stream, type, data } of batch) fold(stream, type, data);
          }
        },
      },
      close: () => store.close(),
    };
  },
};

/** Where an event came from stands once in a command, and not in each of its events. */
const origin = { tenantId: 'ten_bench', actor: 'user_bench', correlationId: 'req_bench', causationId: 'req_bench' };

const bare = ({ type, data }: LoadEvent) => ({ type, data });
