import { PostgresEventStore } from '@strata/event-store';
import type { NewEvent, TenantRows, View } from '@strata/event-store';
import { postgresForTests } from '@strata/testing/embedded-postgres';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { v7 } from 'uuid';
import { instanceView } from '../../apps/iaas/src/instance/instance.view.js';
import type { InstanceColumn, InstanceRow } from '../../apps/iaas/src/instance/instance.view.js';
import { observed, placement, requested, spec } from '../../apps/iaas/src/instance/instance.fixtures.js';

const MANY = 100_000;
const LATER = 2_000;
const WRITERS = 500;
/** Generous: the figures that are printed are what one looks at. */
const BOUNDS = { foldMs: 30_000, pageMs: 100, onMs: 5_000, heapMiB: 400 };

setFlagsFromString('--expose-gc');
// The flag above puts it into every new context.
const collect = runInNewContext('gc') as () => void;

const heapMiB = (): number => {
  collect();
  return process.memoryUsage().heapUsed / 2 ** 20;
};
const timed = async <T>(work: () => Promise<T>): Promise<readonly [T, number]> => {
  const began = performance.now();
  const result = await work();
  return [result, performance.now() - began];
};

/** What an instance tells until it runs, shortened. */
const lifeOf = (number: number, tenantId: string): readonly NewEvent[] => {
  const instanceId = `inst_${String(number).padStart(26, '0')}`;
  const name = `web-${number}`;
  const lease = { ...placement.lease, name, ip: `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}` };
  const it = { instanceId, operationId: `op_${String(number).padStart(26, '0')}` };
  const at = new Date(Date.UTC(2026, 0, 1) + number).toISOString();
  const seen = observed('on', 1);
  return [
    { ...requested, data: { ...it, tenantId, name, spec: { ...spec, labels: { number: String(number) } }, at } },
    { type: 'InstanceDiskRequested', data: { ...it, placement: { ...placement, lease } } },
    { ...seen, data: { ...seen.data, instanceId } },
  ];
};

describe(`a listing of ${MANY} instances at a position`, () => {
  let store: PostgresEventStore;
  let view: View<InstanceRow, InstanceColumn>;
  const heads: number[] = [];

  const write = async (from: number, to: number, tenantId: string) => {
    let next = from;
    await Promise.all(
      Array.from({ length: WRITERS }, async () => {
        while (next < to) {
          const number = next++;
          const [{ data } = { data: {} }] = lifeOf(number, tenantId);
          const instanceId = 'instanceId' in data ? String(data.instanceId) : '';
          const meta = { commandId: v7(), at: '2026-01-01T00:00:00.000Z', tenantId, actor: 'a' };
          await store.log.append({
            stream: `${tenantId}/instance-${instanceId}`,
            expectedVersion: 0,
            events: lifeOf(number, tenantId),
            meta: { ...meta, correlationId: 'req_1', causationId: 'req_1' },
          });
        }
      }),
    );
    heads.push(await store.log.head());
  };

  beforeAll(async () => {
    store = await PostgresEventStore.open({ url: await postgresForTests(), schema: `many_${process.pid}` });
    view = await store.view(instanceView);
    view.subscription.pause();
    await write(0, MANY / 2, 'ten_a');
    await write(MANY, MANY + LATER, 'ten_b');
    await write(MANY / 2, MANY, 'ten_a');
    await write(MANY + LATER, MANY + 2 * LATER, 'ten_a');
  }, 180_000);
  afterAll(() => store.close());

  const listing = { orderBy: ['createdAt'], limit: 100 } as const;

  const walk = async (rows: TenantRows<InstanceRow, InstanceColumn>, pages: number) => {
    const times: number[] = [];
    const seen: string[] = [];
    let after: string | undefined;
    for (let page = 0; page < pages; page++) {
      const [found, ms] = await timed(() => rows.list({ ...listing, ...(after !== undefined && { after }) }));
      times.push(ms);
      seen.push(...found.rows.map(({ id }) => id));
      if (found.next === undefined) break;
      after = found.next;
    }
    return { times: times.toSorted((a, b) => a - b), seen };
  };

  const first = async (then: number) => {
    const [rows, foldMs] = await timed(async () => {
      const found = await view.asOf(then, 'ten_a');
      await found.list(listing);
      return found;
    });
    const { times, seen } = await walk(rows, MANY / 100 + 1);
    expect(seen).toHaveLength(MANY);
    expect(new Set(seen).size).toBe(MANY);
    return { foldMs, times };
  };

  const second = async (then: number, now: number) => {
    const [later, onMs] = await timed(() => view.asOf(now, 'ten_a'));
    expect((await later.count('status')).counts).toEqual(new Map([['provisioning', MANY + LATER]]));
    expect((await (await view.asOf(then, 'ten_a')).count('status')).counts).toEqual(new Map([['provisioning', MANY]]));
    const [others, smallMs] = await timed(() => view.asOf(now, 'ten_b'));
    expect((await others.count('status')).counts).toEqual(new Map([['provisioning', LATER]]));
    return { onMs, smallMs };
  };

  it('is folded once, in bounded memory; pages and later instants are quick', async () => {
    const [, , then = 0, now = 0] = heads;
    const before = heapMiB();
    const { foldMs, times } = await first(then);
    const held = heapMiB() - before;
    const { onMs, smallMs } = await second(then, now);
    // Many instants of a large tenant do not add up: what was asked for longest ago is forgotten.
    for (let back = 0; back < 6; back++) await (await view.asOf(now - 3 * back, 'ten_a')).list(listing);
    const kept = heapMiB() - before;

    const [median = 0, slowest = 0] = [times[times.length >> 1], times.at(-1)];
    console.log(
      [
        `log of ${now} events, ${MANY} instances of one tenant: first page after ${foldMs.toFixed(0)} ms`,
        `a page of 100: ${median.toFixed(2)} ms (median), ${slowest.toFixed(1)} ms (slowest of ${times.length})`,
        `folded on by ${3 * LATER} events: ${onMs.toFixed(0)} ms; a tenant with ${LATER}: ${smallMs.toFixed(0)} ms`,
        `heap: ${held.toFixed(0)} MiB for one instant, ${kept.toFixed(0)} MiB after eight`,
      ].join('\n'),
    );
    expect(foldMs).toBeLessThan(BOUNDS.foldMs);
    expect(median).toBeLessThan(BOUNDS.pageMs);
    expect(onMs).toBeLessThan(BOUNDS.onMs);
    expect(Math.max(held, kept)).toBeLessThan(BOUNDS.heapMiB);
  }, 180_000);
});
