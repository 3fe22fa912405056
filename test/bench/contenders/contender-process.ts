import { Logger } from '@nestjs/common';
import { argv } from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { v7 } from 'uuid';
import { usageOf } from '../processes.js';
import { contenders } from './all.js';
import type { Store } from './contender.js';
import { Peers } from '../peers/peers.js';
import type { Assignment, Reply, Sample, Task, Ways } from './task.js';
import type { Rows } from './workload.js';
import { BATCH, STREAM_LENGTH, eventOf, eventsOf, foldInto, foldedIn } from './workload.js';

/** One contender at work: the same loops for all of them. */

/** More connections than this make no store faster on a small machine, and the server has fifty for all. */
const CONNECTIONS = 32;
/** Connections are opened and statements planned before anything is counted. */
const WARM_UP = 150;
const FILLERS = 8;

// Started by us, with an argument made by us.
const { contender: name, url, serverPid, folder, peersFolder } = JSON.parse(argv[2] ?? '') as Assignment;
const contender = contenders[name];
if (!contender) throw new Error(`there is no contender "${name}"`);
const place = { url, connections: 1, folder, peers: new Peers(peersFolder) };
/** The streams that were filled: who has no order over all of them reads them one by one. */
const streams: string[] = [];

type Used = Readonly<{ at: number; client: number; server: number }>;

const used = async (): Promise<Used> => {
  const { own, below } = await usageOf(serverPid);
  const { user, system } = process.cpuUsage();
  return { at: performance.now() / 1000, client: (user + system) / 1e6, server: own + below };
};

const sampleOf = (events: number, before: Used, after: Used): Sample => ({
  events,
  seconds: after.at - before.at,
  client: after.client - before.client,
  server: after.server - before.server,
});

const withStore = async <T>(callers: number, work: (store: Store) => Promise<T>): Promise<T> => {
  const store = await contender.open({ ...place, connections: Math.min(callers, CONNECTIONS) });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
};

/** `call` stores something and answers how many events that were; every caller calls again until the time is over. */
const during = async (callers: number, ms: number, call: (caller: number) => Promise<number>): Promise<Sample> => {
  let stored = 0;
  let isOver = false;
  const loops = Array.from({ length: callers }, async (_, caller) => {
    while (!isOver) {
      // Added when it is there: others have added theirs meanwhile.
      const events = await call(caller);
      stored += events;
    }
  });
  const all = Promise.all(loops);
  const measured = async () => {
    await pause(WARM_UP);
    const before = await used();
    const storedBefore = stored;
    await pause(ms);
    const events = stored - storedBefore;
    return sampleOf(events, before, await used());
  };
  try {
    // A store that fails ends the measurement at once.
    return await Promise.race([measured(), all.then(() => Promise.reject(new Error('nobody calls any more')))]);
  } finally {
    isOver = true;
    await all.catch(() => undefined);
  }
};

const append = (callers: number, ms: number) =>
  withStore(callers, (store) => {
    const at = Array.from({ length: callers }, () => ({ stream: '', version: STREAM_LENGTH }));
    return during(callers, ms, async (caller) => {
      const own = at[caller];
      if (!own) return 0;
      if (own.version === STREAM_LENGTH) Object.assign(own, { stream: `thing-${v7()}`, version: 0 });
      await store.append(own.stream, ++own.version, eventOf(own.version));
      return 1;
    });
  });

const wayOf = <Way>(ways: Readonly<Record<string, Way>>, way: string): Way => {
  const found = ways[way];
  if (!found) throw new Error(`${name} has no way "${way}"`);
  return found;
};

const batches = (way: string, callers: number, ms: number) =>
  withStore(callers, (store) => {
    const put = wayOf(store.batches, way);
    return during(callers, ms, async () => {
      await put(`thing-${v7()}`, eventsOf(BATCH));
      return BATCH;
    });
  });

const fill = (events: number) =>
  withStore(FILLERS, async (store) => {
    const put = wayOf(store.batches, store.fill ?? Object.keys(store.batches)[0] ?? '');
    const before = await used();
    let left = events / BATCH;
    const filler = async () => {
      while (left-- > 0) {
        const stream = `thing-${v7()}`;
        streams.push(stream);
        await put(stream, eventsOf(BATCH));
      }
    };
    await Promise.all(Array.from({ length: FILLERS }, filler));
    return sampleOf(streams.length * BATCH, before, await used());
  });

const replay = (way: string) =>
  withStore(1, async (store) => {
    const rows: Rows = new Map();
    const before = await used();
    await wayOf(store.replays, way)(foldInto(rows), streams);
    return sampleOf(foldedIn(rows), before, await used());
  });

const waysOf = (): Promise<Ways> =>
  withStore(1, async ({ batches: stored, replays }) => ({
    batches: Object.keys(stored),
    replays: Object.keys(replays),
  }));

const perform = async (task: Task): Promise<Reply> => {
  switch (task.task) {
    case 'append':
      return { sample: await append(task.callers, task.ms) };
    case 'batches':
      return { sample: await batches(task.way, task.callers, task.ms) };
    case 'fill':
      return { sample: await fill(task.events) };
    case 'replay':
      return { sample: await replay(task.way) };
  }
};

const answer = async (work: () => Promise<Reply>): Promise<void> => {
  const reply = await work().catch((error: unknown): Reply => ({
    error: error instanceof Error ? `${error.message}` : String(error),
  }));
  process.send?.(reply);
};

// Connections that end with their server are no news.
Logger.overrideLogger(['error', 'fatal']);
process.on('disconnect', () => process.exit(0));
process.on('message', (task: Task) => void answer(() => perform(task)));
await answer(async () => {
  await contender.prepare?.(place);
  return { ways: await waysOf() };
});
