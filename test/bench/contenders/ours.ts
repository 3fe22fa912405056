import { PostgresEventStore } from '@strata/event-store';
import { v7 } from 'uuid';
import type { Contender, LoadEvent } from './contender.js';

/** Our log, through its public API. */
export const ours: Contender = {
  async open({ url }) {
    const store = await PostgresEventStore.open({ url, schema: 'bench' });
    const put = async (stream: string, expectedVersion: number, events: readonly LoadEvent[]) => {
      const { outcome } = await store.log.append({ stream, expectedVersion, events: events.map(bare), meta: metaOf() });
      if (outcome !== 'appended') throw new Error(`${stream} at ${expectedVersion}: ${outcome}`);
    };
    return {
      append: (stream, version, event) => put(stream, version - 1, [event]),
      batches: {
        'one command': (stream, events) => put(stream, 0, events),
        'a command each': async (stream, events) => {
          const commands = events.map((event) => ({ events: [bare(event)], meta: metaOf() }));
          const [first] = await store.log.appendAll({ stream, expectedVersion: 0, commands });
          if (first?.outcome !== 'appended') throw new Error(`${stream}: ${first?.outcome}`);
        },
      },
      fill: 'a command each',
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

const metaOf = () => ({ ...origin, commandId: v7(), at: new Date().toISOString() });

const bare = ({ type, data }: LoadEvent) => ({ type, data });
