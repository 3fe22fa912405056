import { ManualClock, MemoryEventLog, MemoryEventStore } from '@strata/event-store';
import { MemoryClaims } from '@strata/http';
import type { Claimed, StoredAnswer } from '@strata/http';
import { SimulatedHost, VirtualTime } from '@strata/hypervisor';
import { z } from 'zod';
import { ServerProcess } from '../load/server-process.js';
import { TestPlatform, until } from '../platform.js';
import type { Answer } from '../platform.js';
import { settled } from './evidence.js';

const Refusal = z.object({ code: z.string() });

/*
 * R11. One Idempotency-Key: twenty at the same moment, after the server was killed, with another body, from another tenant,
 * and a day later. There is one effect for each tenant and day, and whoever asks again hears what was said the first time, also
 * where that was forgotten and the world has gone on since. 30 s.
 */

const body = { name: 'web', image: 'tiny', flavor: 'nano' };
const key = (value: string) => ({ headers: { 'idempotency-key': value } });

describe('R11: one key on a real server', () => {
  it('is one instance for twenty at the same moment, and after the server was killed', async () => {
    const cloud = await ServerProcess.start({ hosts: 1 });
    try {
      const create = (name = 'web') =>
        cloud.asker.ask({ method: 'POST', path: '/v1/instances', body: { ...body, name }, key: 'one' });
      const answers = await Promise.all(Array.from({ length: 20 }, () => create()));
      expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
      expect(answers.filter(({ headers }) => headers['idempotency-replayed'] === undefined)).toHaveLength(1);

      await cloud.kill();
      await cloud.start();
      const again = await create();
      expect([again.status, again.text]).toEqual([202, answers[0]?.text]);
      const other = await create('db');
      expect([other.status, Refusal.parse(JSON.parse(other.text)).code]).toEqual([422, 'idempotency.mismatch']);
      await settled(cloud, 60);
      expect(await cloud.asker.readAll('/v1/instances')).toHaveLength(1);
    } finally {
      await cloud.remove();
    }
  }, 90_000);
});

/** Loses every answer that is given before it is stored, as a process does that is killed right after it has answered. */
class LosingClaims extends MemoryClaims {
  override async settle(claimed: Claimed, answer: StoredAnswer, when: 'now' | 'soon'): Promise<void> {
    if (when === 'now') await super.settle(claimed, answer);
  }
}

const ended = async (platform: TestPlatform, { body: begun }: Answer) => platform.ended((begun as { id: string }).id);

describe('R11: an answer that was lost', () => {
  it('is made again to the byte, whatever has become of the instance and of its name since', async () => {
    const platform = await TestPlatform.create({ claims: new LosingClaims() });
    const create = (as: string) => platform.ask('POST', '/v1/instances', body, key(as));
    const remove = (as: string) => platform.ask('DELETE', '/v1/instances/web', undefined, key(as));
    const first = await create('create');
    await ended(platform, first);
    const gone = await remove('delete');
    await ended(platform, gone);
    const second = await create('create-another');
    await ended(platform, second);

    expect(await create('create')).toMatchObject({ status: 202, body: first.body });
    // By its name this would be another instance now.
    expect(await remove('delete')).toMatchObject({ status: 202, body: gone.body });
    await platform.ask('PUT', '/v1/quota', { instances: 1 });
    expect(await create('create-another')).toMatchObject({ status: 202, body: second.body });
    expect(await platform.instance('web')).toMatchObject({ status: 'running', task: null });
    const { items } = (await platform.ask('GET', '/v1/instances')).body as { items: unknown[] }; // 200 answers a page
    expect(items).toHaveLength(1);
    await platform.close();
  });

  it('that something is so already is no wish for later', async () => {
    const platform = await TestPlatform.create({ claims: new LosingClaims() });
    await platform.create('web');
    const start = () => platform.ask('POST', '/v1/instances/web/start', {}, key('already'));
    const first = await start();
    expect(first).toMatchObject({ status: 202, body: { status: 'succeeded', statusReason: 'already so' } });
    await platform.operate('POST', '/v1/instances/web/stop', { graceSeconds: 0 });
    expect(await start()).toMatchObject({ status: 202, body: first.body });
    expect(await platform.instance('web')).toMatchObject({ status: 'stopped', task: null });
    await platform.close();
  });

  it('is a no for good, when it was a no', async () => {
    const platform = await TestPlatform.create({ claims: new LosingClaims() });
    await platform.ask('PUT', '/v1/quota', { instances: 0 });
    const refused = await platform.ask('POST', '/v1/instances', body, key('no'));
    expect(refused).toMatchObject({ status: 403, body: { code: 'quota.exceeded' } });
    await platform.ask('PUT', '/v1/quota', { instances: 5 });
    expect(await platform.ask('POST', '/v1/instances', body, key('no'))).toMatchObject({ body: refused.body });
    expect((await platform.ask('POST', '/v1/instances', body, key('yes'))).status).toBe(202);
    await platform.close();
  });
});

describe('R11: a key of another tenant, or of another day', () => {
  it('is another key', async () => {
    const platform = await TestPlatform.create();
    const mine = await platform.ask('POST', '/v1/instances', body, key('same'));
    const theirs = await platform.ask('POST', '/v1/instances', body, { as: 'stranger', ...key('same') });
    expect([mine.status, theirs.status]).toEqual([202, 202]);
    expect(theirs.headers).not.toHaveProperty('idempotency-replayed');
    expect((theirs.body as { id: string }).id).not.toBe((mine.body as { id: string }).id);
    await ended(platform, mine);
    const { items } = (await platform.ask('GET', '/v1/instances')).body as { items: unknown[] }; // 200 answers a page
    expect(items).toHaveLength(1);
    await platform.close();
  });

  it('has an effect of its own after a day, and not before', async () => {
    const clock = new ManualClock();
    const world = [new SimulatedHost({ clock: new VirtualTime() })];
    const platform = await TestPlatform.create({
      clock,
      world,
      store: new MemoryEventStore(new MemoryEventLog(clock)),
    });
    const set = (instances: number, as: string) => platform.ask('PUT', '/v1/quota', { instances }, key(as));
    const limit = async () =>
      ((await platform.ask('GET', '/v1/quota')).body as { limits: { instances: number } }).limits.instances;
    await set(7, 'daily');
    await set(9, 'other');
    clock.advance(23 * 3_600_000);
    expect((await set(7, 'daily')).headers).toMatchObject({ 'idempotency-replayed': 'true' });
    expect(await limit()).toBe(9);
    clock.advance(2 * 3_600_000);
    await until('the key is forgotten', async () => {
      const { headers } = await set(7, 'daily');
      return headers['idempotency-replayed'] === undefined;
    });
    expect(await limit()).toBe(7);
    await platform.close();
  }, 30_000);
});
