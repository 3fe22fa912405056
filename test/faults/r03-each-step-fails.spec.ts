import type { Operation } from '@strata/contracts';
import { listenedTo } from '@strata/event-sourcing';
import type { Event, ProcessDefinition } from '@strata/event-sourcing';
import { SimulatedHost } from '@strata/hypervisor';
import type { Verb } from '@strata/hypervisor';
import { obeysTheProcessLaws } from '@strata/testing/event-sourcing';
import { processes } from '../../apps/iaas/src/iaas.module.js';
import { logOf, releases } from '../corpus/corpus.js';
import { TestPlatform, cleanSlate, until } from '../platform.js';

/*
 * R03. For every process and every one of its steps, as the tables say them: each message comes three times, each step fails in
 * every way, each undo is lost; and on simulated hosts, where something is left behind if an undo is missing, each step fails
 * by what really makes it fail. Afterwards nothing is left, and the operation names the step. 20 s.
 */

// ── The tables alone: the laws, with events as releases have stored them ──

/** The newest example of an event in the corpus. */
const example = (type: string): Event => {
  const all = releases().flatMap((release) => logOf(release, 'iaas').filter((line) => line.type === type));
  const newest = Math.max(...all.map(({ schemaVersion }) => schemaVersion));
  const found = all.findLast(({ schemaVersion }) => schemaVersion === newest);
  if (!found) throw new Error(`no release has stored ${type}`);
  return { type, data: found.data };
};

/** What a process learns from the events that answer its steps. */
const learnedBy = (definition: ProcessDefinition): Readonly<Record<string, object>> =>
  Object.fromEntries(
    [...listenedTo([definition])]
      .filter((type) => type !== definition.trigger)
      .map((type) => [type, example(type).data]),
  );

describe('R03: the tables', () => {
  for (const definition of processes)
    obeysTheProcessLaws(definition, example(definition.trigger), learnedBy(definition));
});

// ── On hosts ──────────────────────────────────────────────────────

type Failing = Readonly<{
  /** What makes it fail. */
  fail(platform: TestPlatform, host: SimulatedHost): Promise<unknown> | void;
  /** What is asked; a machine called `web` runs already, unless the process is the one that makes it. */
  ask?: object;
  /** The code that the operation ends with. */
  code: string;
}>;

const refuse =
  (verb: Verb): Failing['fail'] =>
  (_, host) =>
    host.faults.on(verb, { kind: 'fail', outcome: 'refused' }, { times: 3 });

/** By process and step. A step that is not here has no test, and that is a failure. */
const failing: Readonly<Record<string, Readonly<Record<string, Failing | string>>>> = {
  'provision-instance': {
    quota: 'it is refused before the operation begins: R10',
    image: { fail: refuse('images.build'), code: 'image.build-failed' },
    host: {
      fail: () => undefined,
      ask: { flavor: undefined, vcpus: 1, memoryMiB: 4_000_000, diskGiB: 4 },
      code: 'capacity.exhausted',
    },
    address: { fail: (platform) => void cancelAt(platform, 'address'), code: 'operation.cancelled' },
    disk: { fail: refuse('disks.ensureRoot'), code: 'instance.task-failed' },
    boot: { fail: refuse('domains.start'), code: 'instance.task-failed' },
  },
  'start-instance': { guest: { fail: refuse('domains.start'), code: 'instance.task-failed' } },
  'stop-instance': { guest: { fail: refuse('domains.stop'), code: 'instance.task-failed' } },
  'reboot-instance': { guest: { fail: refuse('domains.reboot'), code: 'instance.task-failed' } },
  'pause-instance': { guest: { fail: refuse('domains.pause'), code: 'instance.task-failed' } },
  'resume-instance': { guest: { fail: refuse('domains.resume'), code: 'instance.task-failed' } },
  'build-image': { build: { fail: refuse('images.build'), code: 'image.build-failed' } },
  'delete-instance': {
    guest: 'it is tried until it is done: below',
    address: 'giving back cannot fail',
    host: 'giving back cannot fail',
    quota: 'giving back cannot fail',
    record: 'it cannot fail',
  },
  'schedule-deletion': { guest: 'as stop-instance: it is the same table' },
  'restore-instance': { guest: 'as start-instance: it is the same table' },
  'rebuild-views': Object.fromEntries(
    processes
      .find(({ name }) => name === 'rebuild-views')
      ?.steps.map(({ name }) => [name, 'nothing of it is on a host: R17']) ?? [],
  ),
};

/** Calls an operation off as soon as it has come to a step. */
const cancelAt = async (platform: TestPlatform, step: string) => {
  const stop = platform.store.log.onAppend(() => {
    void (async () => {
      const [event] = (await platform.store.log.read(0, 100_000, { types: ['StepStarted'] })).filter(
        ({ data }) => 'step' in data && data.step === step,
      );
      if (!event || !('operationId' in event.data)) return;
      stop();
      await platform.ask('POST', `/v1/operations/${String(event.data.operationId)}/cancel`, {});
    })();
  });
};

/** What is there before a process begins. */
const prepare = async (platform: TestPlatform, process: string): Promise<void> => {
  if (process === 'provision-instance' || process === 'build-image') return;
  await platform.create('web');
  if (process === 'start-instance') await platform.operate('POST', '/v1/instances/web/stop', { graceSeconds: 0 });
  if (process === 'resume-instance') await platform.operate('POST', '/v1/instances/web/pause', {});
};

const begin = async (platform: TestPlatform, process: string, more: object = {}): Promise<Operation> => {
  if (process === 'provision-instance') return platform.create('web', more);
  if (process === 'build-image') return platform.operate('POST', '/v1/images', { recipe: 'tiny' });
  const body = process === 'stop-instance' || process === 'reboot-instance' ? { graceSeconds: 0 } : {};
  return platform.operate('POST', `/v1/instances/web/${process.replace('-instance', '')}`, body);
};

const expectNothingLeft = async (platform: TestPlatform) => {
  if ((await platform.ask('GET', '/v1/instances/web')).status === 200) {
    await until('it can be deleted', async () => (await platform.instance('web')).task === null);
    expect((await platform.operate('DELETE', '/v1/instances/web')).status).toBe('succeeded');
  }
  await until('nothing is left', async () => JSON.stringify(await platform.leftovers()) === JSON.stringify(cleanSlate));
};

describe('R03: on hosts', () => {
  const steps = processes.flatMap((definition) =>
    definition.steps.map((step) => ({ process: definition.name, step: step.name })),
  );

  it('every step of every process fails in some test, or cannot', () => {
    const known = Object.entries(failing).flatMap(([process, all]) =>
      Object.keys(all).map((step) => ({ process, step })),
    );
    const byName = (all: readonly { process: string; step: string }[]) =>
      all.map((it) => `${it.process} ${it.step}`).toSorted();
    expect(byName(known)).toEqual(byName(steps));
  });

  for (const { process, step } of steps) {
    const how = failing[process]?.[step];
    if (typeof how !== 'object') continue;
    it(`"${step}" of ${process} fails by its name, and leaves nothing`, async () => {
      const host = new SimulatedHost();
      const platform = await TestPlatform.create({ world: [host] });
      await prepare(platform, process);
      await how.fail(platform, host);
      const operation = await begin(platform, process, how.ask);
      const expected = how.code === 'operation.cancelled' ? 'cancelled' : 'failed';
      expect([operation.status, operation.code]).toEqual([expected, how.code]);
      expect(operation.steps.find(({ name }) => name === step)?.status).toMatch(/^(failed|undone)$/);
      expect(operation.statusReason).toMatch(/\w+ \w+/);
      host.faults.clear();
      await expectNothingLeft(platform);
      await platform.close();
    }, 20_000);
  }

  for (const [what, fault] of [
    ['fails', { kind: 'fail', outcome: 'retryable' }],
    ['is done and said to have failed', { kind: 'done-but-said-failed' }],
  ] as const) {
    it(`whatever of a life ${what} is done once`, async () => {
      const host = new SimulatedHost();
      const platform = await TestPlatform.create({ world: [host] });
      const verbs: readonly Verb[] = [
        ...(['disks.ensureRoot', 'networks.reserve', 'domains.define', 'domains.start', 'domains.mark'] as const),
        ...(['domains.stop', 'domains.remove', 'networks.release', 'disks.removeRoot'] as const),
      ];
      for (const verb of verbs) host.faults.on(verb, fault);
      expect(await platform.create('web')).toMatchObject({ status: 'succeeded' });
      expect(await platform.leftovers()).toMatchObject({ guests: 1, disks: 1, leases: 1, placed: 1, addresses: 1 });
      await expectNothingLeft(platform);
      expect(host.faults.pending).toBe(0);
      await platform.close();
    }, 60_000);
  }
});
