import type { Activity, Operation } from '@strata/contracts';
import { TestPlatform } from '../platform.js';

describe('undo', () => {
  let platform: TestPlatform;
  beforeEach(async () => {
    platform = await TestPlatform.create();
  });
  afterEach(() => platform.close());

  const last = async (query = ''): Promise<Activity> => {
    const { body } = await platform.ask('GET', `/v1/activity?pageSize=1${query}`);
    const [item] = (body as { items: Activity[] }).items; // 200 answers a page, by contract
    if (!item) throw new Error('nothing was asked for');
    return item;
  };
  const undo = (id: string, as = 'admin') => platform.ask('POST', `/v1/undo/${id}`, undefined, { as });
  const undone = async (id: string): Promise<Operation> => {
    const { status, body } = await undo(id);
    if (status !== 202) throw new Error(`undo answered ${status}: ${JSON.stringify(body)}`);
    const operation = body as Operation; // 202 answers an operation, by contract
    return operation.status === 'running' ? platform.ended(operation.id) : operation;
  };
  const status = async (id: string) => (await platform.instance(id)).status;

  for (const [verb, was, is, back] of [
    ['stop', [], 'stopped', 'running'],
    ['start', ['stop'], 'running', 'stopped'],
    ['pause', [], 'paused', 'running'],
    ['resume', ['pause'], 'running', 'paused'],
  ] as const) {
    it(`takes back a ${verb}, and takes that back again`, async () => {
      await platform.create('web', { id: 'inst_web' });
      for (const before of was) await platform.operate('POST', `/v1/instances/web/${before}`, {});
      await platform.operate('POST', `/v1/instances/web/${verb}`, {});
      expect(await status('web')).toBe(is);
      const { id, cannotUndo } = await last();
      expect(cannotUndo).toBeNull();
      expect(await undone(id)).toMatchObject({ status: 'succeeded' });
      expect(await status('web')).toBe(back);
      expect(await undone((await last()).id)).toMatchObject({ status: 'succeeded' });
      expect(await status('web')).toBe(is);
    });
  }

  it('takes back a deletion while the instance is kept, and the deletion of that', async () => {
    await platform.ask('PUT', '/v1/settings', { keepDeletedSeconds: 3600 });
    await platform.create('web', { id: 'inst_web' });
    const deletion = await platform.operate('DELETE', '/v1/instances/web');
    expect(await status('web')).toBe('deleted');
    expect(await undone(deletion.id)).toMatchObject({ name: 'restore-instance', status: 'succeeded' });
    expect(await status('web')).toBe('running');
    expect(await undone((await last()).id)).toMatchObject({ name: 'schedule-deletion', status: 'succeeded' });
    expect(await status('web')).toBe('deleted');
  });

  it('takes back limits, settings, cordons and flavors, by the request or by the thing', async () => {
    const quota = async () => ((await platform.ask('GET', '/v1/quota')).body as { limits: object }).limits;
    const before = await quota();
    await platform.ask('PUT', '/v1/quota', { instances: 7, vcpus: 9 });
    expect(await undone((await last()).id)).toMatchObject({ status: 'succeeded', statusReason: 'done at once' });
    expect(await quota()).toEqual(before);

    await platform.ask('PUT', '/v1/settings', { keepDeletedSeconds: 60 });
    await undone((await last()).id);
    expect((await platform.ask('GET', '/v1/settings')).body).toMatchObject({ keepDeletedSeconds: 0 });

    const host = async () => ((await platform.ask('GET', '/v1/hosts/host_1')).body as { status: string }).status;
    await platform.ask('POST', '/v1/hosts/host_1/cordon');
    await undone('host_1');
    expect(await host()).toBe('up');
    await undone('host_1');
    expect(await host()).toBe('cordoned');

    const flavor = { name: 'odd', vcpus: 3, memoryMiB: 1024, diskGiB: 5 };
    await platform.ask('POST', '/v1/flavors', flavor);
    await platform.ask('DELETE', '/v1/flavors/odd');
    await undone('flavor_odd');
    expect((await platform.ask('GET', '/v1/flavors/odd')).body).toMatchObject(flavor);
    await undone('flavor_odd');
    expect(await platform.ask('GET', '/v1/flavors/odd')).toMatchObject({ status: 404 });
  });

  it('begins with the newest', async () => {
    await platform.create('web', { id: 'inst_web' });
    const stop = await platform.operate('POST', '/v1/instances/web/stop', {});
    await platform.operate('POST', '/v1/instances/web/start', {});
    const { id: requestId } = await last();
    expect(await undo(stop.id)).toMatchObject({
      status: 409,
      body: { code: 'undo.superseded', details: { requestId } },
    });
    expect(await status('web')).toBe('running');
    await undone(requestId);
    // Taking the start back is a stop of its own: it is the newest now.
    expect(await undo(stop.id)).toMatchObject({ body: { code: 'undo.superseded' } });
  });

  it('says why there is no way back', async () => {
    const created = await platform.create('web', { id: 'inst_web' });
    const why = async (id: string) => {
      const { status: answered, body } = await undo(id);
      const { code, detail } = body as { code: string; detail: string }; // refusals are problems, by contract
      return [answered, code, detail.split(':')[0]];
    };
    expect(await why(created.id)).toEqual([
      409,
      'undo.impossible',
      'to take back a creation is to destroy what was written since',
    ]);
    await platform.operate('POST', '/v1/instances/web/reboot', {});
    const { id, cannotUndo } = await last();
    expect(await why(id)).toEqual([409, 'undo.impossible', 'a reboot cannot be taken back']);
    expect(cannotUndo).toMatch(/^a reboot cannot be taken back: what was in the memory of the guest is gone$/);
    const removed = await platform.operate('DELETE', '/v1/instances/web');
    expect(await why(removed.id)).toEqual([409, 'undo.impossible', 'what was removed for good cannot be brought back']);
    for (const nothing of ['req_never', 'op_never', 'inst_never', '01900000-0000-7000-8000-000000000001', 'x']) {
      expect((await why(nothing)).slice(0, 2)).toEqual([404, 'event.not-found']);
    }
  });

  it('knows a request by any event that it caused', async () => {
    await platform.create('web', { id: 'inst_web' });
    await platform.operate('POST', '/v1/instances/web/stop', {});
    const { body } = await platform.ask('GET', '/v1/activity?pageSize=1');
    const [{ id }] = (body as { items: [Activity] }).items;
    const events = await platform.store.log.read(0, 10_000);
    const reached = events.findLast(({ type, meta }) => type === 'InstancePowerReached' && meta.correlationId === id);
    await undone(reached?.id ?? '');
    expect(await status('web')).toBe('running');
  });

  it('changes nothing when it is only tried, and once when it is asked twice with one key', async () => {
    await platform.create('web', { id: 'inst_web' });
    const stop = await platform.operate('POST', '/v1/instances/web/stop', {});
    const head = await platform.store.log.head();
    expect(await platform.ask('POST', `/v1/undo/${stop.id}?validateOnly=true`)).toMatchObject({ status: 202 });
    expect(await platform.store.log.head()).toBe(head);
    const headers = { 'idempotency-key': 'once' };
    const ask = () => platform.ask('POST', `/v1/undo/${stop.id}`, undefined, { headers });
    const [first, second] = [await ask(), await ask()];
    expect(second.body).toEqual(first.body);
    await platform.ended((first.body as Operation).id);
    expect(await status('web')).toBe('running');
  });

  it('is for whoever may do the opposite, of their own tenant', async () => {
    await platform.create('web', { id: 'inst_web' });
    const stop = await platform.operate('POST', '/v1/instances/web/stop', {});
    expect(await undo(stop.id, 'stranger')).toMatchObject({ status: 404, body: { code: 'event.not-found' } });
    expect(await undo((await last()).eventId, 'stranger')).toMatchObject({ status: 404 });
    expect(await undo(stop.id, 'viewer')).toMatchObject({ status: 403 });
    await platform.ask('PUT', '/v1/quota', { instances: 7 });
    expect(await undo((await last()).id, 'operator')).toMatchObject({
      status: 403,
      body: { code: 'auth.forbidden', detail: 'to undo this takes the role platform-administrator' },
    });
    expect(await undo(stop.id, 'operator')).toMatchObject({ status: 202 });
  });
});
