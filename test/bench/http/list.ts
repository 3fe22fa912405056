import { startPostgres } from '@strata/embedded-postgres';
import { PostgresEventStore } from '@strata/event-store';
import type { EventStore } from '@strata/event-store';
import { join } from 'node:path';
import { z } from 'zod';
import type { Conditions, Measurement } from '../bench.js';
import { CloudProcess, makeFolder } from '../cloud-process.js';
import { atMost, latencyOf, percentile, short } from '../figure.js';
import { openViews, rebuildAll } from '../history/all-views.js';
import { Copies } from '../history/copies.js';
import { record } from '../history/recording.js';
import { usageOf } from '../processes.js';
import { drive } from './load.js';

const INSTANCES = 100_000;
const QUICK = 10_000;
const PAGE = 100;
const PER_SECOND = 100;
const SECONDS = 20;
const LIMIT = 50;
/** Pages from all over the list, asked for in turns. */
const ASKED = 100;
const STRIDE = { names: 100, ms: 20_000 };

const Page = z.object({
  items: z.array(z.object({ id: z.string(), status: z.string() })),
  nextPageToken: z.string().nullable(),
});

/** One page of a long list, asked for a hundred times a second. */
export const measureList: Measurement = async (conditions) => {
  const { ends, tell, quick } = conditions;
  const instances = quick ? QUICK : INSTANCES;
  const home = await makeFolder(ends);
  await settle(home, instances, conditions);
  const cloud = await CloudProcess.start({ home, hypervisor: 'simulated' }, conditions);
  tell('walking through the whole list once');
  const pages = await walk(cloud, instances);
  const every = Math.max(1, Math.floor(pages.length / ASKED));
  const paths = pages.filter((_, index) => index % every === 0).slice(0, ASKED);
  const ask = { what: 'pages', paths, items: PAGE } as const;
  await drive(cloud, { ask, perSecond: PER_SECOND, seconds: 2 }, ends);
  const seconds = quick ? SECONDS / 4 : SECONDS;
  tell(`${PER_SECOND} pages a second for ${seconds} s`);
  const before = await usageOf(cloud.pid);
  const { answeredMs, refused, lateMs } = await drive(cloud, { ask, perSecond: PER_SECOND, seconds }, ends);
  const after = await usageOf(cloud.pid);
  await cloud.stop();
  const trouble = Object.entries(refused).map(([answer, count]) => `${count} answered ${answer}`);
  if (trouble.length > 0) throw new Error(`not every page came as it should: ${trouble.join(', ')}`);
  const cpuMs = (part: 'own' | 'below') => short(((after[part] - before[part]) * 1000) / answeredMs.length);
  const at = (share: number) => short(percentile(answeredMs, share));
  return [
    atMost(LIMIT, {
      name: `page of ${PAGE} out of ${instances.toLocaleString('en')} instances, p99 at ${PER_SECOND} a second`,
      unit: 'ms',
      ours: percentile(answeredMs, 0.99),
      versus: 'limit',
      theirs: LIMIT,
      note:
        `p50 ${at(0.5)}, p95 ${at(0.95)}, max ${at(1)}, from when it was due; CPU ms per page: server ${cpuMs('own')}, ` +
        `PostgreSQL ${cpuMs('below')}; the generator was late by ${short(lateMs)} at most`,
      latency: latencyOf(answeredMs),
    }),
  ];
};

/**
 * Puts instances into a cloud that was never started: their events are those of real ones, and the read models follow
 * from them. They run on hosts that this cloud does not drive, so nobody looks after them while it is measured.
 */
const settle = async (home: string, instances: number, { ends, tell }: Conditions): Promise<void> => {
  const postgres = await startPostgres({ folder: join(home, 'postgres'), fsync: true });
  const stop = ends.add(() => postgres.stop());
  const store = await PostgresEventStore.open({ url: postgres.url, schema: 'iaas' });
  const { again } = await record();
  const asked = new Set(
    again.filter(({ type }) => type === 'InstanceDeletionRequested' || isAsked(type)).map(streamOf),
  );
  const lives = again.filter((event) => event.stream.includes('/instance-') && !asked.has(event.stream));
  const each = new Set(lives.map(streamOf)).size;
  tell(`${instances.toLocaleString('en')} instances into the log`);
  await new Copies(store.log).repeat(lives, instances / each, STRIDE);
  tell('their read models');
  await openViews(store);
  await rebuildAll(store);
  await skipProcesses(store);
  await store.close();
  await stop();
};

/** What was asked of an instance after it ran: such lives are left out, so that all are alike. */
const isAsked = (type: string) => /^Instance(Start|Stop|Reboot|Pause|Resume)Requested$/.test(type);

const streamOf = ({ stream }: Readonly<{ stream: string }>) => stream;

/** The operations that made these instances are not in the log: nobody shall begin them now. */
const skipProcesses = async (store: EventStore): Promise<void> => {
  const head = await store.log.head();
  const subscription = await store.subscribe({
    name: 'processes',
    from: 'start',
    concerns: () => false,
    handle: async () => undefined,
  });
  subscription.pause();
  await subscription.between((move) => store.checkpoints.transaction((tx) => move(tx, head)));
};

/** The paths of all pages, after each was read once. @throws when the list is not what was put there */
const walk = async (cloud: CloudProcess, instances: number): Promise<readonly string[]> => {
  const paths: string[] = [];
  const seen = new Set<string>();
  let next: string | null = '';
  while (next !== null) {
    const from = next === '' ? '' : `&pageToken=${encodeURIComponent(next)}`;
    const path = `/v1/instances?pageSize=${PAGE}${from}`;
    const page = Page.parse(await cloud.ask('GET', path));
    for (const { id, status } of page.items) if (status === 'running') seen.add(id);
    if (page.items.length === PAGE) paths.push(path);
    next = page.nextPageToken;
  }
  if (seen.size !== instances) throw new Error(`${seen.size} of ${instances} instances are in the list, and run`);
  return paths;
};
