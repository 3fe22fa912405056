import { ManualClock } from '@strata/event-store';
import { TestPlatform, cleanSlate, until } from '../platform.js';

describe('a tenant that keeps what it deletes for an hour', () => {
  let clock: ManualClock;
  let platform: TestPlatform;
  beforeEach(async () => {
    clock = new ManualClock();
    platform = await TestPlatform.create({ clock });
    await platform.ask('PUT', '/v1/settings', { keepDeletedSeconds: 3600 });
    await platform.create('web', { id: 'inst_web' });
  });
  afterEach(() => platform.close());

  it('finds the instance as it was after it was deleted and restored', async () => {
    expect(await platform.operate('DELETE', '/v1/instances/web')).toMatchObject({
      name: 'schedule-deletion',
      status: 'succeeded',
    });
    const [host] = platform.hosts;
    expect(host?.world.guests.get('inst_web')).toMatchObject({ power: 'off' });
    expect(await platform.instance('web')).toMatchObject({
      status: 'deleted',
      deletedUntil: '2026-01-01T01:00:00.000Z',
      can: ['delete', 'restore'],
    });
    expect(await platform.ask('POST', '/v1/instances/web/start', {})).toMatchObject({
      status: 409,
      body: { code: 'instance.wrong-state', details: { allowed: ['delete', 'restore'] } },
    });
    // What is kept is still there, and counts.
    expect((await platform.ask('GET', '/v1/quota')).body).toMatchObject({ used: { instances: 1 } });

    expect(await platform.operate('POST', '/v1/instances/web/restore', {})).toMatchObject({
      name: 'restore-instance',
      status: 'succeeded',
    });
    expect(await platform.instance('web')).toMatchObject({ status: 'running', deletedUntil: null });
    expect(host?.world.guests.get('inst_web')).toMatchObject({ power: 'on' });
  });

  it('has nothing left of it when the hour is over', async () => {
    await platform.operate('DELETE', '/v1/instances/web');
    clock.advance(3_600_000 - 10_000);
    expect(await platform.instance('web')).toMatchObject({ status: 'deleted' });
    clock.advance(20_000);
    await until('nothing is left', async () => {
      clock.advance(1_000);
      return JSON.stringify(await platform.leftovers()) === JSON.stringify(cleanSlate);
    });
    expect(await platform.ask('GET', '/v1/instances/inst_web')).toMatchObject({ status: 404 });
    expect(await platform.ask('POST', '/v1/instances/inst_web/restore', {})).toMatchObject({ status: 404 });
  });

  it('has nothing left of it at once when that is asked for', async () => {
    expect(await platform.operate('DELETE', '/v1/instances/web?now=true')).toMatchObject({ name: 'delete-instance' });
    expect(await platform.leftovers()).toEqual(cleanSlate);
  });

  it('may remove for good what it keeps, and use the name again', async () => {
    await platform.operate('DELETE', '/v1/instances/web');
    expect(await platform.ask('POST', '/v1/instances', { name: 'web', image: 'tiny', flavor: 'nano' })).toMatchObject({
      body: { code: 'instance.name-taken' },
    });
    await platform.operate('DELETE', '/v1/instances/web?now=true');
    expect(await platform.create('web')).toMatchObject({ status: 'succeeded' });
  });
});
