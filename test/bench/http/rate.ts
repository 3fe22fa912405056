import { z } from 'zod';
import type { Measurement } from '../bench.js';
import { CloudProcess, makeFolder } from '../cloud-process.js';
import { atLeast, atMost, known, latencyOf, percentile, short } from '../figure.js';
import { drive } from './load.js';
import { usageOf } from '../processes.js';

const GOAL = 200;
/** A little more than the goal, which could otherwise only be met to the last instance. */
const PER_SECOND = 205;
const SECONDS = 30;
const QUICK_SECONDS = 10;
const WARM_UP = { perSecond: 200, seconds: 5 };
const HOSTS = 32;

/**
 * Nova with 1,000 fake compute hosts, its control plane on 26 servers: 10,000 boots and deletes in 1,841 s, one boot in
 * 6.2 s in the median. OpenStack performance documentation, test_results/1000_nodes/fake_drivers (Mitaka, 2016).
 */
const NOVA = { perSecond: 5.4, bootMs: 6_200, where: 'Nova, fake driver (published)' };

/** What a simulated host takes for the disk, the definition and the start of a guest; see `lifelike`. */
const HOST_MS = 450;

const Page = z.object({
  items: z.array(z.object({ time: z.string(), data: z.object({ instanceId: z.string() }) })),
  nextPageToken: z.string().nullable(),
});

const instances = (prefix: string) => ({ what: 'instances', prefix }) as const;

/** How many instances a second are accepted and brought to run, on simulated hosts that take as long as real ones. */
export const measureRate: Measurement = async (conditions) => {
  const { ends, tell, quick } = conditions;
  const home = await makeFolder(ends);
  const cloud = await CloudProcess.start({ home, hypervisor: 'simulated', simulatedHosts: HOSTS }, conditions);
  await cloud.ask('PUT', '/v1/quota', { instances: 100_000, vcpus: 1e6, memoryMiB: 1e9, diskGiB: 1e6 });
  tell('the first instance makes the image, the first thousand make the server warm');
  await drive(cloud, { ask: instances('first'), perSecond: 1, seconds: 1 }, ends);
  await cloud.untilRunning(1);
  const { answeredMs: warm } = await drive(cloud, { ask: instances('warm'), ...WARM_UP }, ends);
  await cloud.untilRunning(1 + warm.length);

  tell(`${PER_SECOND} requests a second for ${quick ? QUICK_SECONDS : SECONDS} s`);
  const { position } = await cloud.status();
  const before = await usageOf(cloud.pid);
  const load = { ask: instances('web'), perSecond: PER_SECOND, seconds: quick ? QUICK_SECONDS : SECONDS };
  const { answeredMs: acceptMs, refused, lateMs } = await drive(cloud, load, ends);
  await cloud.untilRunning(1 + warm.length + acceptMs.length);
  const after = await usageOf(cloud.pid);
  const { position: end } = await cloud.status();
  const [asked, ran] = [
    await timesOf(cloud, 'InstanceRequested', position),
    await timesOf(cloud, 'InstancePowerReached', position),
  ];
  await cloud.stop();

  const creates = acceptMs.length;
  const runAt = [...ran.values()];
  const seconds = (Math.max(...runAt) - Math.min(...runAt)) / 1000;
  const runMs = [...ran].map(([id, time]) => time - (asked.get(id) ?? NaN));
  const no = Object.entries(refused).map(([answer, count]) => `${count} answered ${answer}`);
  const accepted = [`${creates} of ${load.perSecond * load.seconds} accepted`, ...no].join(', ');
  const events = `${short((end - position) / creates)} events each`;
  const cpuMs = (part: 'own' | 'below') => short(((after[part] - before[part]) * 1000) / creates);
  const cpu = `CPU ms per create: server ${cpuMs('own')}, PostgreSQL ${cpuMs('below')}`;
  const accept = (share: number) => short(percentile(acceptMs, share));
  return [
    atLeast(GOAL, {
      name: 'creates sustained',
      unit: '/s',
      // The first and the last of them stand a hair nearer or farther than they were asked for.
      ours: Math.round((creates - 1) / seconds),
      versus: NOVA.where,
      theirs: NOVA.perSecond,
      note: `${accepted}; ${events}; ${cpu}`,
    }),
    atMost(50, {
      name: 'create accepted p99',
      unit: 'ms',
      ours: percentile(acceptMs, 0.99),
      versus: 'limit',
      theirs: 50,
      note: `p50 ${accept(0.5)}, max ${accept(1)}, from when it was due; the generator was late by ${short(lateMs)} at most`,
      latency: latencyOf(acceptMs),
    }),
    known({
      name: 'create → running p50, under load',
      unit: 'ms',
      ours: percentile(runMs, 0.5),
      versus: NOVA.where,
      theirs: NOVA.bootMs,
      note: `p99 ${short(percentile(runMs, 0.99))}; the simulated hosts alone take ${HOST_MS}`,
      latency: latencyOf(runMs),
    }),
  ];
};

/** When each instance came to an event of this type, in milliseconds since the epoch. */
const timesOf = async (cloud: CloudProcess, type: string, since: number): Promise<ReadonlyMap<string, number>> => {
  const times = new Map<string, number>();
  let next: string | null = '';
  while (next !== null) {
    const from = next === '' ? '' : `&pageToken=${encodeURIComponent(next)}`;
    const page = Page.parse(await cloud.ask('GET', `/v1/events?type=${type}&since=${since}&pageSize=1000${from}`));
    for (const { time, data } of page.items) times.set(data.instanceId, Date.parse(time));
    next = page.nextPageToken;
  }
  return times;
};
