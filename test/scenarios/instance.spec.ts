import { ManualClock, MemoryEventLog, MemoryEventStore } from '@strata/event-store';
import { SimulatedHost } from '@strata/hypervisor';
import { TestPlatform, cleanSlate, until } from '../platform.js';

describe('an administrator and an instance', () => {
  let platform: TestPlatform;
  beforeEach(async () => {
    platform = await TestPlatform.create();
  });
  afterEach(() => platform.close());

  it('creates it, and it runs', async () => {
    const operation = await platform.create('web');
    expect(operation).toMatchObject({ status: 'succeeded', name: 'provision-instance' });
    expect(operation.steps.map((step) => [step.name, step.status])).toEqual(
      ['quota', 'image', 'host', 'address', 'disk', 'boot'].map((name) => [name, 'succeeded']),
    );
    expect(await platform.instance('web')).toMatchObject({
      status: 'running',
      task: null,
      hostId: 'host_1',
      image: 'tiny',
    });
  });

  it('walks through every verb, and leaves nothing', async () => {
    await platform.create('web');
    for (const [verb, status] of [
      ['stop', 'stopped'],
      ['start', 'running'],
      ['pause', 'paused'],
      ['resume', 'running'],
      ['reboot', 'running'],
    ]) {
      expect(await platform.operate('POST', `/v1/instances/web/${verb}`, {})).toMatchObject({ status: 'succeeded' });
      expect(await platform.instance('web')).toMatchObject({ status, task: null });
    }
    const { body } = await platform.ask('POST', '/v1/instances/web/exec', { argv: ['hostname'] });
    expect(body).toMatchObject({ exitCode: 0 });
    expect(await platform.operate('DELETE', '/v1/instances/web')).toMatchObject({ status: 'succeeded' });
    expect(await platform.ask('GET', '/v1/instances/web')).toMatchObject({ status: 404 });
    expect(await platform.leftovers()).toEqual(cleanSlate);
  });

  it('is told which verbs are allowed when one is not', async () => {
    await platform.create('web');
    await platform.operate('POST', '/v1/instances/web/stop', {});
    const { status, body } = await platform.ask('POST', '/v1/instances/web/pause', {});
    expect(status).toBe(409);
    expect(body).toMatchObject({ code: 'instance.wrong-state', details: { allowed: ['start', 'delete'] } });
  });

  it('asks a hundred times at once with one key and gets one instance', async () => {
    const headers = { 'idempotency-key': 'once' };
    const body = { name: 'web', image: 'tiny', flavor: 'nano' };
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => platform.ask('POST', '/v1/instances', body, { headers })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set(answers.map(({ body: it }) => JSON.stringify(it))).size).toBe(1);
    await until('one runs', async () => (await platform.instance('web')).status === 'running');
    expect(((await platform.ask('GET', '/v1/instances')).body as { items: unknown[] }).items).toHaveLength(1);
  });

  it('asks for two hundred at once and gets the ten that the quota allows', async () => {
    await platform.ask('PUT', '/v1/quota', { instances: 10 });
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, n) =>
        platform.ask('POST', '/v1/instances', { name: `web-${n}`, image: 'tiny', flavor: 'nano' }),
      ),
    );
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(10);
    expect(answers.filter(({ body }) => (body as { code?: string }).code === 'quota.exceeded')).toHaveLength(190);
    await until('ten run', async () => {
      const { body } = await platform.ask('GET', '/v1/instances?status=running');
      return (body as { items: unknown[] }).items.length === 10;
    });
  });

  it('is refused a name that is taken, an image, a flavor and a network that are not there', async () => {
    await platform.create('web');
    const create = (more: object) =>
      platform.ask('POST', '/v1/instances', { name: 'db', image: 'tiny', flavor: 'nano', ...more });
    expect(await create({ name: 'web' })).toMatchObject({ status: 409, body: { code: 'instance.name-taken' } });
    expect(await create({ image: 'none' })).toMatchObject({ status: 404, body: { code: 'image.not-found' } });
    expect(await create({ flavor: 'none' })).toMatchObject({ status: 404, body: { code: 'flavor.not-found' } });
    expect(await create({ network: 'none' })).toMatchObject({ status: 404, body: { code: 'network.not-found' } });
    expect(await create({ name: 'Not a name' })).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
  });

  it('only tries it with validateOnly', async () => {
    const { status } = await platform.ask('POST', '/v1/instances?validateOnly=true', {
      name: 'web',
      image: 'tiny',
      flavor: 'nano',
    });
    expect(status).toBe(202);
    expect(await platform.leftovers()).toEqual(cleanSlate);
    expect(await platform.ask('GET', '/v1/instances/web')).toMatchObject({ status: 404 });
  });

  it('learns why no host has room, and nothing is left', async () => {
    const operation = await platform.create('big', { flavor: undefined, vcpus: 1, memoryMiB: 4_000_000, diskGiB: 4 });
    expect(operation).toMatchObject({ status: 'failed', code: 'capacity.exhausted' });
    await until('the instance says so', async () => (await platform.instance('big')).status === 'error');
    await platform.operate('DELETE', '/v1/instances/big');
    expect(await platform.leftovers()).toEqual(cleanSlate);
  });

  it('belongs to its tenant: another one’s id answers as an unknown one', async () => {
    const operation = await platform.create('web');
    const { resource } = operation;
    const [theirs, unknown] = await Promise.all([
      platform.ask('GET', `/v1/instances/${resource.id}`, undefined, { as: 'stranger' }),
      platform.ask('GET', '/v1/instances/inst_00000000000000000000000000', undefined, { as: 'stranger' }),
    ]);
    expect(theirs.status).toBe(404);
    expect((theirs.body as { code: string }).code).toBe((unknown.body as { code: string }).code);
    expect((await platform.ask('GET', `/v1/operations/${operation.id}`, undefined, { as: 'stranger' })).status).toBe(
      404,
    );
  });
});

describe('behind our back', () => {
  it('a crash, a stop and a lost disk are shown with a reason, and nobody starts the guest again', async () => {
    const platform = await TestPlatform.create();
    const { resource } = await platform.create('web');
    const [host] = platform.hosts;
    host?.crash(resource.id);
    await until('the crash is seen', async () => (await platform.instance('web')).status === 'stopped');
    expect(await platform.instance('web')).toMatchObject({ statusReason: 'crashed' });
    await platform.operate('POST', '/v1/instances/web/start', {});
    host?.undefineOutside(resource.id);
    await until('the definition is made again', async () => host?.world.guests.get(resource.id)?.defined);
    expect(await platform.instance('web')).toMatchObject({ status: 'running' });
    await platform.close();
  });

  it('a hypervisor that does not answer makes its guests unknown, until it does', async () => {
    const platform = await TestPlatform.create();
    const { resource } = await platform.create('web');
    const [host] = platform.hosts;
    host?.unreachable(true);
    // Something must make the agent look before its next round: a request does.
    await platform.ask('POST', `/v1/instances/${resource.id}/stop`, {});
    await until('it is unknown', async () => (await platform.instance('web')).status === 'unknown');
    host?.unreachable(false);
    // The agent tries again after 1, 2, 4 … seconds, and may have failed more than once by now.
    await until('it is seen again', async () => (await platform.instance('web')).status === 'stopped', 20);
    await platform.close();
  }, 30_000);
});

describe('a control plane that comes back without a host', () => {
  it('places nothing there, and says that its guests are unknown', async () => {
    const clock = new ManualClock();
    const log = new MemoryEventLog();
    const world = [new SimulatedHost()];
    const before = await TestPlatform.create({ store: new MemoryEventStore(log), world });
    await before.create('web');
    await before.abandon();

    const platform = await TestPlatform.create({ store: new MemoryEventStore(log), hosts: 0, clock });
    expect(await platform.ask('GET', '/v1/hosts')).toMatchObject({
      body: { items: [{ status: 'unknown', schedulable: false }] },
    });
    clock.advance(30_000);
    await until('it is unknown', async () => (await platform.instance('web')).status === 'unknown');
    expect(await platform.instance('web')).toMatchObject({ statusReason: 'the agent of its host is not connected' });
    expect(await platform.create('db')).toMatchObject({ status: 'failed', code: 'capacity.exhausted' });
    await platform.close();

    const after = await TestPlatform.create({ store: new MemoryEventStore(log), world });
    await until('it is seen again', async () => (await after.instance('web')).status === 'running');
    await after.close();
  });
});

describe('a fleet of hosts', () => {
  it('runs guests of one image wherever there is room', async () => {
    const platform = await TestPlatform.create({ hosts: 3, host: { facts: { memoryMiB: 3072 } } });
    await Promise.all(Array.from({ length: 9 }, (_, n) => platform.create(`web-${n}`)));
    const { body } = await platform.ask('GET', '/v1/instances?status=running');
    const { items } = body as { items: { hostId: string }[] }; // 200 answers a page, by contract
    expect(items).toHaveLength(9);
    expect(new Set(items.map((it) => it.hostId)).size).toBe(3);
    await platform.close();
  });
});
