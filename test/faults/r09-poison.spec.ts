import { Logger } from '@nestjs/common';
import { PostgresEventStore } from '@strata/event-store';
import type { NewEvent, Recorded } from '@strata/event-store';
import { postgresForTests } from '@strata/testing/embedded-postgres';
import { Client } from 'pg';
import { v7 } from 'uuid';
import { z } from 'zod';
import { history } from '../../apps/iaas/src/history.js';
import { eventually } from '../host/eventually.js';
import { ServerProcess } from '../load/server-process.js';
import { until } from '../platform.js';

const Shown = z.object({ status: z.string() });
const Ready = z.object({ status: z.string(), checks: z.record(z.string(), z.string()) });

/*
 * R09. Events that nobody can deal with stand in the log: half empty, huge, of nobody, and of a type or a text that the log
 * does not take. They are parked with a reason, everything else flows, the platform says so, and what was parked is done once
 * somebody has mended what could not deal with it. 15 s.
 */

const metaOf = (tenantId: string) => ({
  commandId: v7(),
  at: new Date().toISOString(),
  tenantId,
  actor: 'user_poisoner',
  correlationId: 'poison',
  causationId: 'poison',
});

const append = async (store: PostgresEventStore, stream: string, event: NewEvent, tenantId = 'ten_poison') => {
  const { version } = await store.log.recall(stream, []);
  return store.log.append({ stream, expectedVersion: version, events: [event], meta: metaOf(tenantId) });
};

describe('R09: poison in the log', () => {
  it('is parked with a reason, while everything else flows and the platform says what is wrong', async () => {
    const cloud = await ServerProcess.start({ hosts: 1 });
    const store = await PostgresEventStore.open({ url: cloud.databaseUrl, schema: 'iaas', history });
    try {
      const create = async (name: string) => {
        const body = { name, image: 'tiny', flavor: 'nano' };
        // A machine that is busy with other trials may be told to come back, which is no concern of this one.
        await eventually(`${name} is accepted`, async () => {
          const { status } = await cloud.asker.ask({ method: 'POST', path: '/v1/instances', body, key: name });
          expect([202, 503]).toContain(status);
          return status === 202;
        });
        await until(
          `${name} runs`,
          async () => {
            const { text } = await cloud.asker.ask({ method: 'GET', path: `/v1/instances/${name}` });
            return Shown.parse(JSON.parse(text)).status === 'running';
          },
          30,
        );
      };
      await create('before');

      const half = {
        instanceId: 'inst_poison',
        operationId: 'op_poison',
        tenantId: 'ten_poison',
        name: 'p',
        spec: null,
        at: '',
      };
      await append(store, 'ten_poison/instance-inst_poison', { type: 'InstanceRequested', data: half });
      const started = {
        operationId: 'op_other',
        kind: 'no such process',
        subject: null,
        steps: null,
        facts: {},
        cancellable: 1,
      };
      await append(store, 'ten_poison/operation-op_other', { type: 'ProcessStarted', data: started });
      const huge = { instanceId: 'inst_huge', operationId: 'op_huge', code: 'x', reason: 'x'.repeat(5_000_000) };
      await append(store, 'ten_poison/instance-inst_huge', { type: 'InstanceTaskFailed', data: huge });
      const deleted = { instanceId: 'inst_nobody', operationId: 'op_nobody' };
      await append(store, '/instance-inst_nobody', { type: 'InstanceDeleted', data: deleted }, '');
      await expect(append(store, 'ten_poison/instance-a', { type: 'Gibberish', data: {} })).rejects.toThrow(
        'Gibberish',
      );

      await create('after');
      const ready = Ready.parse(JSON.parse((await cloud.asker.ask({ method: 'GET', path: '/readyz' })).text));
      expect(ready.status).toBe('degraded');
      expect(ready.checks['iaas subscriptions']).toContain('processes has parked what came of 1 things');
      expect(ready.checks['iaas subscriptions']).toContain('view_operation');
      const { text: metrics } = await cloud.asker.ask({ method: 'GET', path: '/metrics' });
      expect(metrics).toContain('strata_subscription_parked_streams{service="iaas",subscription="processes"} 1');
      const parked = await parkedIn(cloud.databaseUrl);
      expect(parked.map(({ subscription, stream }) => `${subscription.replace(/_v\d+$/, '')} ${stream}`)).toEqual([
        'processes ten_poison/instance-inst_poison',
        'view_operation ten_poison/operation-op_other',
      ]);
      for (const { error } of parked) expect(error).toMatch(/TypeError: Cannot/);

      await cloud.stop();
      await cloud.start();
      await create('after-a-restart');
      expect((await parkedIn(cloud.databaseUrl)).map(({ tries }) => tries)).toEqual([2, 2]);
    } finally {
      await store.close();
      await cloud.remove();
    }
  }, 90_000);

  it('never is what is no JSON', async () => {
    const client = new Client(await postgresForTests());
    await client.connect();
    await expect(client.query(`SELECT 'not json'::json`)).rejects.toThrow('invalid input syntax for type json');
    await client.end();
  });

  it('is dealt with by the release that can, in order and once', async () => {
    Logger.overrideLogger(false);
    const place = { url: await postgresForTests(), schema: `poison_${process.pid}` };
    const counted = new Map<string, number>();
    /** The first release of this counter cannot count what has no amount. */
    const release = (knows: 'all' | 'amounts') => ({
      name: 'counter',
      from: 'start' as const,
      tries: 2,
      handle: async (batch: readonly Recorded[]) => {
        const amounts = batch.map(({ stream, data }) => {
          const amount = 'amount' in data ? Number(data.amount) : knows === 'all' ? 1 : undefined;
          if (amount === undefined) throw new Error('there is no amount');
          return [stream, amount] as const;
        });
        for (const [stream, amount] of amounts) counted.set(stream, (counted.get(stream) ?? 0) + amount);
      },
    });
    const open = () => PostgresEventStore.open({ ...place, history: { Counted: [] } });
    const store = await open();
    const first = await store.subscribe(release('amounts'));
    for (const data of [{ amount: 5 }, {}, { amount: 7 }]) await append(store, 'ten_a/a-1', { type: 'Counted', data });
    await append(store, 'ten_a/b-1', { type: 'Counted', data: { amount: 3 } });
    await first.waitFor(4);
    expect(Object.fromEntries(counted)).toEqual({ 'ten_a/a-1': 5, 'ten_a/b-1': 3 });
    expect(await first.parked()).toMatchObject([
      { position: 2, error: 'Error: there is no amount' },
      { position: 3, error: 'an earlier event of its stream is parked' },
    ]);
    await store.close();

    const mended = await open();
    const second = await mended.subscribe(release('all'));
    await append(mended, 'ten_a/a-1', { type: 'Counted', data: { amount: 100 } });
    await second.waitFor(5);
    expect(Object.fromEntries(counted)).toEqual({ 'ten_a/a-1': 113, 'ten_a/b-1': 3 });
    expect(await second.parked()).toEqual([]);
    await mended.close();
    Logger.overrideLogger(['log', 'warn', 'error']);
  }, 30_000);
});

type ParkedRow = Readonly<{ subscription: string; stream: string; error: string; tries: number }>;

const parkedIn = async (url: string): Promise<readonly ParkedRow[]> => {
  const client = new Client(url);
  await client.connect();
  try {
    const text = 'SELECT subscription, stream, error, tries FROM iaas.es_parked ORDER BY subscription, position';
    return (await client.query<ParkedRow>(text)).rows;
  } finally {
    await client.end();
  }
};
