import { InstanceView, Operation } from '@strata/contracts';
import type { QuotaView } from '@strata/contracts';
import { startPostgres } from '@strata/embedded-postgres';
import { PostgresEventStore } from '@strata/event-store';
import type { Rebuilt, Recorded } from '@strata/event-store';
import { keptHost } from '@strata/hypervisor';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { history } from '../../apps/iaas/src/history.js';
import { Views } from '../../apps/iaas/src/views.js';
import type { Answer } from '../load/asker.js';
import type { Acknowledged, Ledger } from '../load/ledger.js';
import type { ServerProcess } from '../load/server-process.js';
import { until } from '../platform.js';

/** What exists on the hosts, by the word of the hypervisor. */
export type Existing = Readonly<{ guests: readonly string[]; disks: readonly string[]; leases: readonly string[] }>;

/** All that there is to say of a cloud that has come to rest: what it answered, what it stored, and what is really there. */
export type Evidence = Readonly<{
  acknowledged: readonly Acknowledged[];
  /** What each acknowledged key was answered when it was asked again. */
  replays: ReadonlyMap<string, Answer>;
  instances: readonly InstanceView[];
  operations: readonly Operation[];
  quota: QuotaView;
  events: readonly Recorded[];
  rebuilds: Readonly<Record<string, Rebuilt>>;
  existing: Existing;
}>;

const REPLAYS_AT_ONCE = 16;

/** Waits until no operation is at work. @throws when that takes too long, with those that still are */
export const settled = async ({ asker }: ServerProcess, seconds = 120): Promise<void> => {
  await until('every operation has ended', async () => (await openOperations(asker)) === 0, seconds);
};

const openOperations = async (asker: ServerProcess['asker']): Promise<number> => {
  // The status answers this, by contract.
  const { runningOperations } = (await asker.read('/v1/status')) as { runningOperations: number };
  return runningOperations;
};

/**
 * Asks everything again, lists everything, stops the server, and reads what it has left behind.
 * @param databaseUrl where its log is, unless it is in the embedded PostgreSQL of its home
 */
export const evidenceOf = async (cloud: ServerProcess, ledger: Ledger, databaseUrl?: string): Promise<Evidence> => {
  const { asker } = cloud;
  await settled(cloud);
  const acknowledged = ledger.entries();
  const replays = await replayed(cloud, acknowledged);
  await settled(cloud);
  const instances = (await asker.readAll('/v1/instances')).map((it) => InstanceView.parse(it));
  const operations = (await asker.readAll('/v1/operations')).map((it) => Operation.parse(it));
  const quota = (await asker.read('/v1/quota')) as QuotaView; // by contract
  await cloud.stop();
  const kept = databaseUrl === undefined ? await readEmbedded(cloud.home) : await readLog(databaseUrl);
  return { acknowledged, replays, instances, operations, quota, ...kept, existing: existingIn(cloud.home) };
};

const replayed = async ({ asker }: ServerProcess, acknowledged: readonly Acknowledged[]) => {
  const replays = new Map<string, Answer>();
  const queue = acknowledged.values();
  const worker = async () => {
    for (const { ask } of queue) replays.set(ask.key, await asker.ask(ask));
  };
  await Promise.all(Array.from({ length: REPLAYS_AT_ONCE }, worker));
  return replays;
};

type Kept = Pick<Evidence, 'events' | 'rebuilds'>;

const readEmbedded = async (home: string): Promise<Kept> => {
  const server = await startPostgres({ folder: join(home, 'postgres'), fsync: false });
  try {
    return await readLog(server.url);
  } finally {
    await server.stop();
  }
};

/** The log of a stopped server, and what comes of folding every read model anew. */
const readLog = async (url: string): Promise<Kept> => {
  const store = await PostgresEventStore.open({ url, schema: 'iaas', history });
  const events: Recorded[] = [];
  for await (const batch of store.log.readAll(0)) events.push(...batch);
  await Views.start(store);
  const { views } = await store.rebuild();
  const rebuilds: Record<string, Rebuilt> = Object.fromEntries(views.map((it) => [it.view, it]));
  await store.close();
  return { events, rebuilds };
};

const existingIn = (home: string): Existing => {
  const worlds = readdirSync(home)
    .filter((name) => /^simulated-host.*\.ndjson$/.test(name))
    .map((name) => keptHost(join(home, name)).world);
  return {
    guests: worlds.flatMap(({ guests }) => guests.keys()),
    disks: worlds.flatMap(({ disks }) => disks.keys()),
    leases: worlds.flatMap(({ leases }) => leases.rows().map(({ ip }) => ip)),
  };
};
