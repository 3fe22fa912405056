import { z } from 'zod';
import type { Measurement } from '../bench.js';
import { CloudProcess, makeFolder } from '../cloud-process.js';
import { atLeast, atMost, known, latencyOf, percentile, short } from '../figure.js';
import { usageOf } from '../processes.js';
import { drive } from './load.js';
import { follow } from './stream-followers.js';

const CLIENTS = 300;
const HOSTS = 8;
const PER_SECOND = 4;
const SECONDS = 20;
const QUICK_SECONDS = 8;
/** Each client is dropped about three times in a whole run. */
const DROPS_PER_SECOND = 60;
const LIMIT_MS = 1_000;

const Page = z.object({ items: z.array(z.object({ position: z.number() })), nextPageToken: z.string().nullable() });

/** Clients that follow every event of a cloud at work, while their connections are broken again and again. */
export const measureStream: Measurement = async (conditions) => {
  const { ends, tell, quick } = conditions;
  const seconds = quick ? QUICK_SECONDS : SECONDS;
  const home = await makeFolder(ends);
  const cloud = await CloudProcess.start({ home, hypervisor: 'simulated', simulatedHosts: HOSTS }, conditions);
  tell('the first instance makes the image');
  const instances = (prefix: string) => ({ what: 'instances', prefix }) as const;
  await drive(cloud, { ask: instances('first'), perSecond: 1, seconds: 1 }, ends);
  await cloud.untilRunning(1);
  const { position: since } = await cloud.status();
  tell(`${CLIENTS} clients follow, ${DROPS_PER_SECOND} connections are broken a second`);
  const compare = await follow(cloud, { clients: CLIENTS, since, dropsPerSecond: DROPS_PER_SECOND }, ends);
  const before = await usageOf(cloud.pid);
  const began = performance.now();
  const { answeredMs } = await drive(cloud, { ask: instances('web'), perSecond: PER_SECOND, seconds }, ends);
  await cloud.untilRunning(1 + answeredMs.length);
  const took = (performance.now() - began) / 1000;
  const positions = await positionsSince(cloud, since);
  const { missed, repeated, disordered, delivered, drops, latencies, reconnectMs } = await compare({ positions });
  const after = await usageOf(cloud.pid);
  await cloud.stop();
  if (drops < CLIENTS) throw new Error(`only ${drops} connections were broken`);

  const due = positions.length * CLIENTS;
  const cpuMicros = short(((after.own - before.own) * 1e6) / delivered);
  const at = (share: number) => short(percentile(latencies, share));
  const again = (share: number) => short(percentile(reconnectMs, share));
  return [
    atLeast(1, {
      name: `events received once and in order by ${CLIENTS} clients that were dropped and resumed`,
      unit: 'of all',
      ours: (due - missed - repeated - disordered) / due,
      versus: 'every event once',
      theirs: 1,
      note: `${drops} drops; ${missed} missed, ${repeated} twice, ${disordered} out of order of ${due.toLocaleString('en')}`,
    }),
    known({
      name: `events delivered to ${CLIENTS} clients`,
      unit: 'events/s',
      ours: delivered / took,
      versus: 'due',
      theirs: due / took,
      note: `${positions.length} events in ${short(took)} s, to each; CPU µs of the server per delivery ${cpuMicros}`,
    }),
    atMost(LIMIT_MS, {
      name: 'from the command to a following client, p99',
      unit: 'ms',
      ours: percentile(latencies, 0.99),
      versus: 'limit',
      theirs: LIMIT_MS,
      note: `p50 ${at(0.5)}, p95 ${at(0.95)}, max ${at(1)}; of those just dropped too; connected again within ${again(0.5)} (p50), ${again(0.99)} (p99)`,
      latency: latencyOf(latencies),
    }),
  ];
};

/** What every client shall have received: the same log, told page by page. */
const positionsSince = async (cloud: CloudProcess, since: number): Promise<readonly number[]> => {
  const positions: number[] = [];
  let next: string | null = '';
  while (next !== null) {
    const from = next === '' ? '' : `&pageToken=${encodeURIComponent(next)}`;
    const page = Page.parse(await cloud.ask('GET', `/v1/events?since=${since}&pageSize=1000${from}`));
    positions.push(...page.items.map(({ position }) => position));
    next = page.nextPageToken;
  }
  return positions;
};
