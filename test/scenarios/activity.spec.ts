import type { Activity } from '@strata/contracts';
import { TestPlatform } from '../platform.js';

describe('the activity of a tenant', () => {
  let platform: TestPlatform;
  beforeEach(async () => {
    platform = await TestPlatform.create();
  });
  afterEach(() => platform.close());

  const list = async (
    query = '',
    as = 'admin',
  ): Promise<Readonly<{ items: Activity[]; nextPageToken: string | null }>> => {
    const { status, body } = await platform.ask('GET', `/v1/activity${query}`, undefined, { as });
    expect(status).toBe(200);
    return body as { items: Activity[]; nextPageToken: string | null }; // 200 answers a page, by contract
  };
  const changed = ({ changes }: Activity) =>
    Object.fromEntries(changes.map(({ field, before, after }) => [field, [before, after]]));
  const brief = ({ verb, resource, result }: Activity) => `${verb} ${resource.type} ${result}`;

  it('tells who asked for what, what came of it and what it changed, newest first', async () => {
    await platform.create('web', { id: 'inst_web' });
    const stop = await platform.operate('POST', '/v1/instances/web/stop', {});
    await platform.ask('PUT', '/v1/quota', { instances: 7 });
    await platform.ask('POST', '/v1/hosts/host_1/cordon');
    await platform.ask('POST', '/v1/flavors', { name: 'odd', vcpus: 3, memoryMiB: 1024, diskGiB: 5 });
    await platform.operate('DELETE', '/v1/instances/web');

    const { items } = await list();
    expect(items.map(brief)).toEqual([
      'delete instance succeeded',
      'create flavor succeeded',
      'cordon host succeeded',
      'set quota succeeded',
      'stop instance succeeded',
      'create instance succeeded',
    ]);
    const [removed, flavored, cordoned, limited, stopped, created] = items;
    if (!removed || !flavored || !cordoned || !limited || !stopped || !created) throw new Error('six were asked for');
    expect(stopped).toMatchObject({
      actor: 'user_admin',
      tenantId: 'ten_default',
      resource: { type: 'instance', id: 'inst_web' },
      operationId: stop.id,
      endedAt: stop.endedAt,
    });
    expect(stopped.id).toMatch(/^req_/);
    expect(changed(stopped)).toEqual({ status: ['running', 'stopped'], guestAgent: [true, false] });
    expect(changed(created)).toMatchObject({
      id: [null, 'inst_web'],
      status: [null, 'running'],
      hostId: [null, 'host_1'],
    });
    expect(changed(removed)).toMatchObject({
      status: ['stopped', null],
      address: [changed(created)['address']?.[1], null],
    });
    expect(changed(limited)).toEqual({ 'limits.instances': [10_000, 7] });
    expect(changed(cordoned)).toEqual({ status: ['up', 'cordoned'], schedulable: [true, false] });
    expect(changed(flavored)).toMatchObject({ name: [null, 'odd'], vcpus: [null, 3] });
  });

  it('tells what failed, why, and what was called off', async () => {
    await platform.create('huge', { id: 'inst_huge', flavor: undefined, vcpus: 1, memoryMiB: 4_000_000, diskGiB: 4 });
    const [failed] = (await list()).items;
    expect(failed).toMatchObject({
      verb: 'create',
      result: 'failed',
      reason: expect.stringMatching(/^no host has room/),
    });
    expect(failed && changed(failed)).toMatchObject({ status: [null, 'error'] });

    await platform.create('web', { id: 'inst_web' });
    await platform.operate('POST', '/v1/instances/web/stop', {});
    platform.hosts[0]?.faults.on('domains.start', { kind: 'fail', outcome: 'retryable' }, { times: 1_000 });
    const { body } = await platform.ask('POST', '/v1/instances/web/start', {});
    const { id } = body as { id: string }; // 202 answers an operation, by contract
    while ((await platform.ask('POST', `/v1/operations/${id}/cancel`)).status !== 202);
    await platform.ended(id);
    expect((await list('?pageSize=2')).items.map(brief)).toEqual([
      'cancel operation succeeded',
      'start instance cancelled',
    ]);
  });

  it('can be narrowed to a thing and to a person, and comes in pages that leave nothing out', async () => {
    await platform.create('web', { id: 'inst_web' });
    await platform.create('db', { id: 'inst_db' });
    await platform.operate('POST', '/v1/instances/web/stop', {});
    expect((await list('?resource=inst_web')).items.map(brief)).toEqual([
      'stop instance succeeded',
      'create instance succeeded',
    ]);
    expect((await list('?resource=host_1')).items).toEqual([]);
    await platform.ask('POST', '/v1/hosts/host_1/cordon');
    expect((await list('?resource=host_1')).items.map(brief)).toEqual(['cordon host succeeded']);
    expect((await list('?actor=user_admin')).items).toHaveLength(4);
    expect((await list('?actor=user_viewer')).items).toEqual([]);

    const seen: string[] = [];
    for (let token: string | null = ''; token !== null;) {
      const page: Awaited<ReturnType<typeof list>> = await list(`?pageSize=1${token && `&pageToken=${token}`}`);
      expect(page.items.length).toBeLessThanOrEqual(1);
      seen.push(...page.items.map(brief));
      token = page.nextPageToken;
    }
    expect(seen).toEqual((await list()).items.map(brief));
  });

  it('is a tenant’s own', async () => {
    await platform.create('web', { id: 'inst_web' });
    expect((await list('', 'stranger')).items).toEqual([]);
    expect((await list('?resource=inst_web', 'stranger')).items).toEqual([]);
  });
});
