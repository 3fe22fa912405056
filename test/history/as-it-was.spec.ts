import { MemoryEventLog, MemoryEventStore, PostgresEventStore } from '@strata/event-store';
import type { EventStore } from '@strata/event-store';
import { postgresForTests } from '@strata/testing/embedded-postgres';
import { history } from '../../apps/iaas/src/iaas.module.js';
import { TestPlatform } from '../platform.js';
import { strata } from './command-line.js';
import { Life, TENANTS, dice } from './life.js';
import { at, tell, tellAll } from './questions.js';
import type { Told } from './questions.js';
import { Standstill } from './standstill.js';

const MOMENTS = 200;
const SEED = Number(process.env['SEED'] ?? 20_261_125);

type Then = Readonly<{ position: number; time: string; told: readonly Told[]; listed: string }>;

let schemas = 0;
const stores: Readonly<Record<string, () => Promise<EventStore>>> = {
  'in memory': async () => new MemoryEventStore(new MemoryEventLog(undefined, history)),
  'on PostgreSQL': async () =>
    PostgresEventStore.open({
      url: await postgresForTests(),
      schema: `as_it_was_${process.pid}_${++schemas}`,
      history,
    }),
};

const listed = (platform: TestPlatform, ...words: readonly string[]) =>
  strata(platform, ['instance', 'list', '-o', 'json', ...words]);

for (const [where, open] of Object.entries(stores)) {
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
        host: { latency: { 'domains.start': 3 }, bootMs: 10, shutdownMs: 8 },
      });
      const chance = dice(SEED);
      const life = new Life(platform, chance);
      const gone: string[] = [];
      while (moments.length < MOMENTS) {
        for (let steps = 1 + chance.below(4); steps > 0; steps--) life.step();
        await new Promise((resolve) => setTimeout(resolve, chance.below(12)));
        const then = await standstill.while(async (position, time) => {
          const both = await Promise.all(TENANTS.map((as) => tellAll(platform, as, chance, gone)));
          return { position, time, told: both.flat(), listed: await listed(platform) };
        });
        moments.push(then);
        gone.push(...then.told.map(({ path }) => path).filter((path) => /\/(?:inst|op|vol)_/.test(path)));
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
            wrong.push({ instant, then, now });
          }),
        );
      }
      return wrong;
    };

    it(`instance list --at T equals the list recorded at T for ${MOMENTS} random T`, async () => {
      expect(new Set(moments.map((it) => it.listed)).size).toBeGreaterThan(MOMENTS / 4);
      for (const { time, position, listed: then } of moments) {
        expect(await listed(platform, '--at', time)).toBe(then);
        expect(await listed(platform, '--at', String(position))).toBe(then);
      }
    }, 120_000);

    it('is answered as it was at a position, whatever is asked', async () => {
      const told = moments.flatMap((it) => it.told);
      const statuses = new Set(told.map(({ status }) => status));
      expect([...statuses].toSorted()).toEqual([200, 403, 404]);
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
      expect(new Set(told.map(({ position }) => position)).size).toBeGreaterThan(MOMENTS);
      expect(await differing(told, (it) => it.position)).toEqual([]);
    }, 240_000);
  });
}
