import { v7 } from 'uuid';
import type { Fold, LoadEvent } from './contender.js';

/** Events of a stream, where they are stored one by one, and together. */
export const STREAM_LENGTH = 50;
export const BATCH = 100;

const origin = { tenantId: 'ten_bench', actor: 'user_bench', correlationId: 'req_bench', causationId: 'req_bench' };

/** About 250 bytes of data and meta. Every tenth has what a reader must not stumble over: quotes, a backslash, an umlaut. */
export const eventOf = (version: number): LoadEvent => ({
  type: version % 10 === 0 ? 'InstanceDrifted' : 'InstancePowerObserved',
  data: {
    instanceId: 'inst_01jd6z2v5e8k3m9x4q7r1t0w2y',
    hostId: 'host_sim0001',
    power: version % 2 === 0 ? 'on' : 'off',
    generation: version,
    ...(version % 10 === 0 && { reason: 'found off: "Gehäuse 7\\2" has\tno power' }),
  },
  meta: { ...origin, commandId: v7() },
});

export const eventsOf = (count: number): readonly LoadEvent[] =>
  Array.from({ length: count }, (_, index) => eventOf(index + 1));

type State = { events: number; power: string; generation: number };

/** What a replay leaves behind: a row for each stream. */
export type Rows = Map<string, State>;

/** A fold like that of a view. */
export const foldInto = (rows: Rows): Fold => {
  return (stream, type, data) => {
    let row = rows.get(stream);
    if (!row) rows.set(stream, (row = { events: 0, power: 'off', generation: 0 }));
    row.events++;
    if (type !== 'InstancePowerObserved') return;
    const { power, generation } = data as { power: string; generation: number }; // Made by `eventOf`.
    row.power = power;
    row.generation = generation;
  };
};

/** How many events were folded. */
export const foldedIn = (rows: Readonly<Rows>): number => {
  let events = 0;
  for (const row of rows.values()) events += row.events;
  return events;
};
