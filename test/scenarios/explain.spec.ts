import type { InstanceExplanation } from '@strata/contracts';
import { TestPlatform, until } from '../platform.js';

describe('the explanation of an instance', () => {
  let platform: TestPlatform;
  beforeEach(async () => {
    platform = await TestPlatform.create({ hosts: 3 });
  });
  afterEach(() => platform.close());

  const explain = async (id: string, as = 'admin'): Promise<InstanceExplanation> => {
    const { status, body } = await platform.ask('GET', `/v1/instances/${id}/explain`, undefined, { as });
    if (status !== 200) throw new Error(JSON.stringify(body));
    return body as InstanceExplanation; // 200 answers an explanation, by contract
  };
  const verb = (it: InstanceExplanation, name: string) => it.verbs.find((one) => one.verb === name);

  it('says where it is and why there, as it was when that was decided', async () => {
    await platform.ask('POST', '/v1/hosts/host_1/cordon');
    // Placed side by side, on hosts of their own.
    const huge = { flavor: undefined, vcpus: 1, memoryMiB: 200_000, diskGiB: 4 };
    const others = ['a', 'b'].map((name) => platform.create(name, { id: `inst_${name}`, ...huge }));
    await Promise.all(others);
    await platform.create('web', { id: 'inst_web' });
    const [a, b] = await Promise.all(['a', 'b'].map((name) => explain(name)));
    expect(new Set([a?.placement?.hostId, b?.placement?.hostId])).toEqual(new Set(['host_2', 'host_3']));
    expect((await platform.instance('a')).hostId).toBe(a?.placement?.hostId);
    expect((await platform.instance('b')).hostId).toBe(b?.placement?.hostId);
    await platform.ask('POST', '/v1/hosts/host_3/cordon');
    const { placement, because, wish } = await explain('web');
    expect(wish.asked).toMatchObject({ by: 'user_admin' });
    expect(placement).toMatchObject({
      hostId: 'host_2',
      rule: 'fullest',
      considered: 3,
      fitting: 2,
      passedOver: { cordoned: 1 },
      by: 'process',
    });
    expect(because[0]).toBe(
      `It is on host_2 since ${placement?.at} (#${placement?.position}), chosen from 3 hosts: of the 2 with room it was ` +
        'the fullest, so that large requests find room elsewhere; of the others 1 cordoned.',
    );
  });

  it('says who wanted it so, what was seen, and what can be asked now', async () => {
    await platform.create('web', { id: 'inst_web' });
    await platform.operate('POST', '/v1/instances/web/stop', {});
    const it = await explain('web');
    expect(it).toMatchObject({
      id: 'inst_web',
      status: 'stopped',
      task: null,
      wish: { power: 'off', revision: 2, asked: { by: 'user_admin' } },
      sight: { power: 'off', disk: 'present', applied: 2 },
    });
    expect(it.wish.asked?.requestId).toMatch(/^req_/);
    expect(it.events.at(-1)).toMatchObject({ type: 'InstancePowerReached' });
    expect(it.events.length).toBeLessThanOrEqual(10);
    expect(it.because.join(' ')).toContain(`user_admin asked for it to be stopped at ${it.wish.asked?.at}`);
    expect(it.because.at(-1)).toBe('It can start, delete now.');
    expect(verb(it, 'start')).toEqual({ verb: 'start', allowed: true, because: null });
    expect(verb(it, 'pause')).toEqual({
      verb: 'pause',
      allowed: false,
      because: 'an instance that is stopped cannot pause; it can start, delete',
    });
  });

  it('says what happened behind our back', async () => {
    await platform.create('web', { id: 'inst_web' });
    platform.hosts.find((host) => host.world.guests.get('inst_web'))?.crash('inst_web');
    await until('the crash is seen', async () => (await platform.instance('web')).status === 'stopped');
    expect((await explain('web')).because).toContain('The reason that was given: crashed.');
  });

  it('says that nothing can be asked while an operation is at work', async () => {
    await platform.create('web', { id: 'inst_web' });
    for (const host of platform.hosts) {
      host.faults.on('domains.pause', { kind: 'fail', outcome: 'retryable' }, { times: 1_000 });
    }
    const { body } = await platform.ask('POST', '/v1/instances/web/pause', {});
    const { id } = body as { id: string }; // 202 answers an operation, by contract
    const it = await explain('web');
    expect(it.because.at(-1)).toBe(`The operation ${id} is at work on it (pausing); nothing else can be asked.`);
    expect(it.verbs.every(({ allowed }) => !allowed)).toBe(true);
  });

  it('says of one that has no place that it has none', async () => {
    await platform.create('huge', { id: 'inst_huge', flavor: undefined, vcpus: 1, memoryMiB: 4_000_000, diskGiB: 4 });
    await until('it has failed', async () => (await platform.instance('huge')).status === 'error');
    const it = await explain('huge');
    expect(it.placement).toBeNull();
    expect(it.because.slice(0, 1)).toEqual(['It has no place on a host.']);
    expect(it.because.join(' ')).toContain('no host has room');
  });

  it('is a tenant’s own', async () => {
    await platform.create('web', { id: 'inst_web' });
    await expect(explain('inst_web', 'stranger')).rejects.toThrow('instance.not-found');
  });
});
