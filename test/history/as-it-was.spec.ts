import { MemoryEventLog, MemoryEventStore, PostgresEventStore } from '@strata/event-store';
import type { EventStore, Subscription } from '@strata/event-store';
import { postgresForTests } from '@strata/testing/embedded-postgres';
import { history } from '../../apps/iaas/src/iaas.module.js';
import { services } from '../corpus/services.js';
import { TestPlatform } from '../platform.js';
import { strata } from './command-line.js';
import { Life, TENANTS, dice } from './life.js';
import { at, tell, tellAll } from './questions.js';
import type { Told } from './questions.js';
import { Standstill } from './standstill.js';

const SEED = Number(process.env['SEED'] ?? 20_261_125);

type Then = Readonly<{ position: number; time: string; told: readonly Told[]; listed: string }>;

const schema = `as_it_was_${process.pid}`;
/** `open`: a new store, or what another process finds of it. */
type Place = Readonly<{ count: number; open: (before?: EventStore) => Promise<EventStore> }>;
const places: Readonly<Record<string, Place>> = {
  'in memory': {
    count: 50,
    open: async (before) => new MemoryEventStore(before?.log ?? new MemoryEventLog(undefined, history)),
  },
  'on PostgreSQL': {
    count: 200,
    open: async () => PostgresEventStore.open({ url: await postgresForTests(), schema, history }),
  },
};

const listed = (platform: TestPlatform, ...words: readonly string[]) =>
  strata(platform, ['instance', 'list', '-o', 'json', ...words]);

for (const [where, { count, open }] of Object.entries(places)) {
  describe(`the past of a cloud ${where}`, () => {
    let store: EventStore;
    let platform: TestPlatform;
    const moments: Then[] = [];
    const amidTraffic: Told[] = [];

    /** Two tenants live their lives, and at moments of no meaning somebody looks at everything. */
    beforeAll(async () => {
      store = await open();
      const standstill = new Standstill(store.log);
      platform = await TestPlatform.create({
        store,
        hosts: 3,
        host: { latency: { 'domains.start': 3, 'networks.reserve': 1 }, bootMs: 10, shutdownMs: 8 },
      });
      const chance = dice(SEED);
      const life = new Life(platform, chance);
      const gone: string[] = [];
      while (moments.length < count) {
        for (let steps = 1 + chance.below(4); steps > 0; steps--) life.step();
        await new Promise((resolve) => setTimeout(resolve, chance.below(12)));
        const then = await standstill.while(async (position, time) => {
          const both = await Promise.all(TENANTS.map((as) => tellAll(platform, as, chance, gone)));
          return { position, time, told: both.flat(), listed: await listed(platform) };
        });
        moments.push(then);
        gone.push(...then.told.map(({ path }) => path).filter((path) => /\/(?:inst|op|vol)_/.test(path)));
        if (moments.length % 2) continue;
        amidTraffic.push(...(await Promise.all(TENANTS.map((as) => tellAll(platform, as, chance, gone)))).flat());
      }
      await life.quiet();
    }, 240_000);
    afterAll(async () => {
      await platform.close();
      await store.close();
    });

    /** Asks everything again, some at a time, and returns what is answered otherwise. */
    const differing = async (told: readonly Told[], instantOf: (it: Told) => string | number | undefined) => {
      const wrong: object[] = [];
      for (let from = 0; from < told.length; from += 8) {
        await Promise.all(
          told.slice(from, from + 8).map(async (then) => {
            const instant = instantOf(then);
            if (instant === undefined) return;
            const now = await tell(platform, then.as, at(then.path, instant));
            if (now.status === then.status && JSON.stringify(now.body) === JSON.stringify(then.body)) return;
            if (wrong.length < 3) wrong.push({ instant, then, now });
          }),
        );
      }
      return wrong;
    };

    it(`instance list --at T equals the list recorded at T for ${count} random T`, async () => {
      expect(new Set(moments.map((it) => it.listed)).size).toBeGreaterThan(count / 4);
      for (const { time, position, listed: then } of moments) {
        expect(await listed(platform, '--at', time)).toBe(then);
        expect(await listed(platform, '--at', String(position))).toBe(then);
      }
    }, 120_000);

    it('is answered as it was at a position, whatever is asked', async () => {
      const told = moments.flatMap((it) => it.told);
      const statuses = new Set(told.map(({ status }) => status));
      expect([...statuses].toSorted((a, b) => a - b)).toEqual([200, 403, 404]);
      const positions = new Map(moments.flatMap((it) => it.told.map((one) => [one, it.position] as const)));
      expect(await differing(told, (it) => positions.get(it))).toEqual([]);
    }, 240_000);

    it('is answered as it was at a time, whatever is asked', async () => {
      const told = moments.flatMap((it) => it.told);
      const times = new Map(moments.flatMap((it) => it.told.map((one) => [one, it.time] as const)));
      expect(await differing(told, (it) => times.get(it))).toEqual([]);
    }, 240_000);

    it('is at the position that each answer names, also when much is under way', async () => {
      const told = amidTraffic.filter(({ status }) => status === 200);
      expect(new Set(told.map(({ position }) => position)).size).toBeGreaterThan(count / 2);
      expect(await differing(told, (it) => it.position)).toEqual([]);
    }, 240_000);

    it('is the same in another process, after every view was folded anew', async () => {
      await platform.close();
      await store.close();
      store = await open(store);
      const followed: Subscription[] = [];
      for (const definition of services.flatMap(({ name, views: its }) => (name === 'iaas' ? its : []))) {
        const view = await store.view(definition);
        await view.waitFor(await store.log.head());
        followed.push(view.subscription);
      }
      const { views } = await store.rebuild();
      for (const { view, before, after } of views) expect([view, after]).toEqual([view, before]);
      for (const subscription of followed) await subscription.stop();
      platform = await TestPlatform.create({ store, world: platform.hosts });
      const some = moments.filter((_, index) => index % 5 === 0);
      const positions = new Map(some.flatMap((it) => it.told.map((one) => [one, it.position] as const)));
      expect(await differing([...positions.keys()], (it) => positions.get(it))).toEqual([]);
    }, 240_000);
  });
}
