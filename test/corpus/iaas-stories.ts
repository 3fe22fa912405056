import type { Operation } from '@strata/contracts';
import { ManualClock, MemoryEventStore } from '@strata/event-store';
import type { EventLog, EventStore } from '@strata/event-store';
import { SimulatedHost } from '@strata/hypervisor';
import { v4 } from 'uuid';
import { TestPlatform, until } from '../platform.js';

type Asked = Readonly<{ as?: string; key?: string }>;

/** What is signed is no part of a story. */
const logs = { all: () => [] };

/** Asks with a key, so that the ids which follow from it are the same each time. */
const ask = async (
  platform: TestPlatform,
  method: 'POST' | 'PUT' | 'DELETE',
  path: string,
  body?: object,
  { as = 'admin', key = `${method} ${path} ${JSON.stringify(body)}` }: Asked = {},
) => platform.ask(method, path, body, { as, headers: { 'idempotency-key': key } });

const operate = async (...request: Parameters<typeof ask>): Promise<Operation> => {
  const [platform, method, path] = request;
  const { status, body } = await ask(...request);
  if (status !== 202) throw new Error(`${method} ${path} answered ${status}: ${JSON.stringify(body)}`);
  return platform.ended((body as Operation).id); // 202 answers an operation, by contract.
};

const create = (platform: TestPlatform, name: string, more: object = {}) =>
  operate(platform, 'POST', '/v1/instances', { id: `inst_${name}`, name, image: 'tiny', flavor: 'nano', ...more });

/** Events that follow from a host's own look come when they come. */
const seen = (log: EventLog, type: string, count = 1) =>
  until(`${type} is in the log ${count} times`, async () => {
    const events = await log.read(0, 100_000, { types: [type] });
    return events.length >= count;
  });

/** A life of good days: made, used, changed, deleted. */
const goodDays = async (platform: TestPlatform, log: EventLog) => {
  await ask(platform, 'PUT', '/v1/quota', { instances: 50 });
  await ask(platform, 'POST', '/v1/flavors', { name: 'odd', vcpus: 3, memoryMiB: 1024, diskGiB: 5 });
  await ask(platform, 'DELETE', '/v1/flavors/odd');
  await create(platform, 'web', { sshKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ'], labels: { tier: 'front' } });
  for (const verb of ['stop', 'start', 'pause', 'resume', 'reboot']) {
    await operate(platform, 'POST', `/v1/instances/inst_web/${verb}`, {});
  }
  await ask(platform, 'POST', '/v1/instances/inst_web/exec', { argv: ['true'] });
  await ask(platform, 'POST', '/v1/hosts/host_1/cordon');
  await create(platform, 'db');
  await ask(platform, 'POST', '/v1/hosts/host_1/uncordon');
  await seen(log, 'NetworkObserved', 2);
  await operate(platform, 'DELETE', '/v1/instances/inst_web');
};

/** What is deleted is kept, comes back, and goes for good. */
const secondThoughts = async (platform: TestPlatform) => {
  await ask(platform, 'PUT', '/v1/settings', { keepDeletedSeconds: 3600 });
  await create(platform, 'kept');
  await operate(platform, 'DELETE', '/v1/instances/inst_kept');
  await operate(platform, 'POST', '/v1/instances/inst_kept/restore', {});
  await operate(platform, 'POST', '/v1/instances/inst_kept/stop', {});
  await operate(platform, 'DELETE', '/v1/instances/inst_kept', undefined, { key: 'again' });
  await operate(platform, 'DELETE', '/v1/instances/inst_kept?now=true');
};

/** Images: built on demand and by request, waited for by two, and not to be had. */
const images = async (platform: TestPlatform, [builder]: readonly SimulatedHost[]) => {
  builder?.faults.on('images.build', { kind: 'fail', outcome: 'refused' });
  await create(platform, 'unlucky', { image: 'debian-12', flavor: 'micro' });
  await operate(platform, 'DELETE', '/v1/instances/inst_unlucky');
  await Promise.all(
    ['a', 'b'].map((key) => operate(platform, 'POST', '/v1/images', { recipe: 'debian-12' }, { key: `image ${key}` })),
  );
};

/** What fails is handed back; what is called off is let go. */
const badDays = async (platform: TestPlatform, log: EventLog, hosts: readonly SimulatedHost[]) => {
  await create(platform, 'huge', { flavor: undefined, vcpus: 1, memoryMiB: 4_000_000, diskGiB: 4 });
  await operate(platform, 'DELETE', '/v1/instances/inst_huge');
  for (const host of hosts) host.faults.on('disks.ensureRoot', { kind: 'fail', outcome: 'refused' });
  await create(platform, 'diskless');
  for (const host of hosts) host.faults.clear();
  await operate(platform, 'DELETE', '/v1/instances/inst_diskless');

  await create(platform, 'shaken');
  const guest = hosts.find((host) => host.world.guests.get('inst_shaken'));
  guest?.crash('inst_shaken');
  await seen(log, 'InstanceDrifted');
  guest?.faults.on('domains.start', { kind: 'fail', outcome: 'refused' });
  await operate(platform, 'POST', '/v1/instances/inst_shaken/start', {});
  guest?.faults.on('domains.start', { kind: 'fail', outcome: 'retryable' }, { times: 1_000 });
  const { body } = await ask(platform, 'POST', '/v1/instances/inst_shaken/start', {}, { key: 'in vain' });
  const { id } = body as Operation; // as above
  await until('it can be called off', async () => {
    const { status } = await ask(platform, 'POST', `/v1/operations/${id}/cancel`, undefined, { key: v4() });
    return status === 202;
  });
  await platform.ended(id);
  await seen(log, 'InstanceTaskAbandoned');
  guest?.faults.clear();
};

/** The control plane starts anew, once without its hosts for longer than it has patience. */
const restarts = async (log: EventLog, store: () => EventStore, world: readonly SimulatedHost[]) => {
  const clock = new ManualClock();
  const alone = await TestPlatform.create({ store: store(), hosts: 0, clock, logs });
  await seen(log, 'HostLost');
  clock.advance(30_000);
  await until('nobody knows how it is', async () => (await alone.instance('inst_db')).status === 'unknown');
  await alone.close();
  for (const host of world) host.faults.on('networks.ensure', { kind: 'fail', outcome: 'refused' });
  const again = await TestPlatform.create({ store: store(), world, logs });
  await until('it is seen again', async () => (await again.instance('inst_db')).status === 'running');
  await until('a network could not be laid', async () => {
    const events = await log.read(0, 100_000, { types: ['NetworkObserved'] });
    return events.some(({ data }) => 'problem' in data && data.problem !== null);
  });
  await again.close();
};

/** Read models are folded anew: all of them, one that had stopped on its way, and one for which there is no room. */
const rebuilds = async (store: EventStore, world: readonly SimulatedHost[]) => {
  const platform = await TestPlatform.create({ store, world, logs });
  await operate(platform, 'POST', '/v1/logs/rebuild', {});
  for (const subscription of store.subscriptions) if (subscription.name.startsWith('view_flavor')) subscription.pause();
  await operate(platform, 'POST', '/v1/logs/rebuild', { views: ['flavor'] });
  const full = async () => {
    throw new Error('no space is left on the device');
  };
  Object.assign(store, { rebuild: full });
  await operate(platform, 'POST', '/v1/logs/rebuild', { views: ['image'] });
  await platform.close();
};

/**
 * Stories in which every event of the tier happens, with everything that an event can say. What they leave behind in the
 * log is what the corpus is made of.
 */
export const tellIaasStories = async (
  log: EventLog,
  store: () => EventStore = () => new MemoryEventStore(log),
): Promise<void> => {
  const world = [new SimulatedHost(), new SimulatedHost()];
  const platform = await TestPlatform.create({ store: store(), world, logs });
  await goodDays(platform, log);
  await secondThoughts(platform);
  await images(platform, world);
  await badDays(platform, log, world);
  await platform.close();
  await restarts(log, store, world);
  await rebuilds(store(), world);
};
