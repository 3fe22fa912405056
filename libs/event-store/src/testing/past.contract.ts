import { PLATFORM } from '@strata/event-sourcing';
import type { Decider, Event } from '@strata/event-sourcing';
import { v4 } from 'uuid';
import type { EventStore } from '../event-store.js';
import type { EventFilter, Recorded } from '../event.js';
import { defineView } from '../view-definition.js';
import { together } from '../view.js';
import type { TenantRows } from '../view.js';
import { by, until } from './fixtures.js';

type Cup = Readonly<{ id: string; tenantId: string; size: number }>;
type CupEvent =
  | Event<'CupMade', { id: string; tenantId: string; size: number }>
  | Event<'CupGrown', { id: string }>
  | Event<'CupBroken', { id: string }>;

const evolve = (cup: Cup | undefined, event: CupEvent): Cup | undefined => {
  if (event.type === 'CupMade') return { ...event.data };
  if (event.type === 'CupBroken' || !cup) return undefined;
  return { ...cup, size: cup.size + 1 };
};

/** Each tenant's own. */
const cups = defineView<Cup, 'size', CupEvent>({
  name: 'cups',
  about: ['cup'],
  key: (event) => event.data.id,
  tenant: ({ tenantId }) => tenantId,
  columns: { size: ({ size }) => size },
  evolve,
});

/** The platform's, which every tenant may grow. */
const jugs = defineView<Cup, 'size', CupEvent>({
  name: 'jugs',
  about: ['jug'],
  scope: 'platform',
  key: (event) => event.data.id,
  tenant: ({ tenantId }) => tenantId,
  shared: true,
  columns: { size: ({ size }) => size },
  evolve,
});

const counter: Decider<never, CupEvent, readonly string[]> = {
  name: 'cup',
  initialState: [],
  decide: () => [],
  evolve: (seen, { type }) => [...seen, type],
};

const made = (id: string, tenantId: string, size: number): CupEvent => ({
  type: 'CupMade',
  data: { id, tenantId, size },
});
const grown = (id: string): CupEvent => ({ type: 'CupGrown', data: { id } });
const broken = (id: string): CupEvent => ({ type: 'CupBroken', data: { id } });

/** What every store knows of its past. */
export const remembersThePast = (name: string, make: () => Promise<EventStore>): void => {
  describe(`${name} remembers the past`, () => {
    let store: EventStore;
    beforeEach(async () => (store = await make()));
    afterEach(() => store.close());

    const tell = async (tenantId: string, stream: string, ...events: readonly CupEvent[]) => {
      const { version } = await store.log.recall(stream, []);
      await store.log.append({ stream, expectedVersion: version, events, meta: by(v4(), tenantId) });
      return store.log.head();
    };
    const cup = (tenantId: string, id: string, ...events: readonly CupEvent[]) =>
      tell(tenantId, `${tenantId}/cup-${id}`, ...events);
    const jug = (tenantId: string, id: string, ...events: readonly CupEvent[]) =>
      tell(tenantId, `${PLATFORM}/jug-${id}`, ...events);

    const shown = async (rows: TenantRows<Cup, 'size'>) => {
      const page = await rows.list({ orderBy: ['size'], direction: 'descending' });
      const keys = page.rows.map(({ id }) => id);
      return {
        all: page.rows,
        position: page.position,
        counts: [...(await rows.count('size')).counts].toSorted(([a], [b]) => Number(a) - Number(b)),
        many: [...(await rows.getMany([...keys, 'none'])).values()],
        each: await Promise.all(keys.map(async (key) => [await rows.get(key), await rows.look(key)])),
      };
    };

    it('shows the rows of each position as they were shown then, in whatever order it is asked', async () => {
      const view = await store.view(cups);
      const then = new Map<number, unknown>();
      const look = async (position: number) => {
        await view.waitFor(position);
        then.set(position, await shown(view.of('ten_a')));
      };
      await look(0);
      for (let n = 0; n < 8; n++) {
        await look(await cup('ten_a', `a${n % 5}`, n < 5 ? made(`a${n}`, 'ten_a', n % 3) : grown(`a${n % 5}`)));
        await look(await cup('ten_b', `b${n}`, made(`b${n}`, 'ten_b', n)));
        await look(await tell('ten_a', `ten_a/other-${n}`, made('x', 'ten_a', 9)));
      }
      await look(await cup('ten_a', 'a1', broken('a1')));
      for (const position of [...then.keys(), ...[...then.keys()].toReversed()]) {
        expect(await shown(await view.asOf(position, 'ten_a'))).toEqual(then.get(position));
      }
    });

    it('folds a tenant from its own events, and what is the platform’s from those of everybody', async () => {
      await cup('ten_a', '1', made('1', 'ten_a', 1));
      await cup('ten_b', '2', made('2', 'ten_b', 2));
      await jug('ten_a', '3', made('3', PLATFORM, 3));
      await jug('ten_b', '3', grown('3'));
      const end = await jug('ten_b', '4', made('4', 'ten_b', 4));
      const [own, platforms] = [await store.view(cups), await store.view(jugs)];
      const ids = async (rows: TenantRows<Cup, 'size'>) =>
        (await rows.list()).rows.map(({ id, size }) => `${id}:${size}`);
      expect(await ids(await own.asOf(end, 'ten_a'))).toEqual(['1:1']);
      expect(await ids(await own.asOf(end, 'ten_b'))).toEqual(['2:2']);
      expect(await ids(await own.asOf(end, 'ten_c'))).toEqual([]);
      expect(await ids(await own.asOf(end))).toEqual(['1:1', '2:2']);
      // A row of somebody's in a stream of the platform's would be nobody's to see before it is known whose it is.
      for (const tenantId of ['ten_a', 'ten_b', 'ten_c']) {
        const rows = await platforms.asOf(end, tenantId);
        expect(await ids(rows)).toEqual(['3:4']);
        expect([await rows.get('4'), (await rows.getMany(['4'])).size, (await rows.look('4')).row]).toEqual([
          undefined,
          0,
          undefined,
        ]);
      }
      expect(await ids(await platforms.asOf(end - 2, 'ten_a'))).toEqual(['3:3']);
    });

    it('shows pages of one instant, whatever comes meanwhile', async () => {
      const view = await store.view(cups);
      for (let n = 10; n < 30; n++) await cup('ten_a', `a${n}`, made(`a${n}`, 'ten_a', n % 4));
      const then = await store.log.head();
      const seen: string[] = [];
      for (let after: string | undefined; ;) {
        const rows = await view.asOf(then, 'ten_a');
        const page = await rows.list({ orderBy: ['size'], limit: 3, ...(after !== undefined && { after }) });
        seen.push(...page.rows.map(({ id, size }) => `${size} ${id}`));
        await cup('ten_a', `a${10 + seen.length}`, grown(`a${10 + seen.length}`));
        await cup('ten_a', `new${seen.length}`, made(`new${seen.length}`, 'ten_a', 0));
        if (page.next === undefined) break;
        after = page.next;
      }
      expect(seen).toEqual(seen.toSorted());
      expect(new Set(seen).size).toBe(20);
    });

    it('says of a page how far it is true, also while much is under way', async () => {
      const view = await store.view(cups);
      let isWriting = true;
      const writing = (async () => {
        for (let n = 0; isWriting; n++) {
          await cup('ten_a', `${n % 20}`, n < 20 ? made(`${n}`, 'ten_a', 0) : grown(`${n % 20}`));
          await new Promise((resolve) => setImmediate(resolve));
        }
      })();
      const pages: unknown[] = [];
      await until('it was looked at often', async () => {
        const { rows, position } = await view.of('ten_a').list();
        const { row, position: place } = await view.of('ten_a').look('7');
        const { counts, position: spot } = await view.of('ten_a').count('size');
        pages.push({ rows, position, row, place, counts, spot });
        return pages.length >= 150;
      });
      isWriting = false;
      await writing;
      for (const page of pages) {
        const { position, place, spot } = page as { position: number; place: number; spot: number }; // as pushed above
        const { rows } = await (await view.asOf(position, 'ten_a')).list();
        const { row } = await (await view.asOf(place, 'ten_a')).look('7');
        const { counts } = await (await view.asOf(spot, 'ten_a')).count('size');
        expect({ rows, position, row, place, counts, spot }).toEqual(page);
      }
      await cup('ten_b', '1', made('1', 'ten_b', 1));
      const end = await tell('ten_a', 'ten_a/other-1', made('x', 'ten_a', 9));
      await view.waitFor(end);
      expect((await view.of('ten_a').list()).position).toBe(end);
    });

    it('reads two views at one position, also while much is under way', async () => {
      const views = [await store.view(cups), await store.view(jugs)] as const;
      let isWriting = true;
      const write = async (what: typeof cup, id: string) => {
        await what('ten_a', id, made(id, what === cup ? 'ten_a' : PLATFORM, 0));
        while (isWriting) {
          await what('ten_a', id, grown(id));
          await new Promise((resolve) => setImmediate(resolve));
        }
      };
      const writing = Promise.all([write(cup, '1'), write(jug, '2')]);
      const read = () => Promise.all(views.map((view) => view.of('ten_a').list()));
      for (let reads = 0; reads < 40; reads++) {
        const pages = await together(views, read);
        const [first, second] = pages;
        expect(first?.position).toBe(second?.position);
        for (const [index, page] of pages.entries()) {
          expect(await (await views[index]?.asOf(page.position, 'ten_a'))?.list()).toEqual(page);
        }
      }
      isWriting = false;
      await writing;
    });

    it('knows what a stream came to at a position, also one that is longer by now', async () => {
      const stream = 'ten_a/cup-1';
      const ends = [0];
      for (let n = 0; n < 6; n++) {
        ends.push(await cup('ten_a', '1', n === 0 ? made('1', 'ten_a', 1) : grown('1')));
        await cup('ten_b', `${n}`, made(`${n}`, 'ten_b', 1));
        if (n === 2) await store.aggregates.load(counter, stream);
      }
      const head = await store.log.head();
      for (const end of [...ends, ...ends.toReversed(), head]) {
        const asOf = await store.aggregates.loadAsOf(counter, stream, end);
        expect(asOf).toHaveLength(end === head ? 6 : ends.indexOf(end));
        expect(await store.aggregates.loadUpTo(counter, stream, end)).toEqual(asOf);
      }
      const moment = await store.present();
      await cup('ten_a', '1', grown('1'));
      await store.aggregates.load(counter, stream);
      expect(await moment.state(counter, stream)).toHaveLength(6);
      expect(await moment.events(stream)).toHaveLength(6);
      expect(moment).toMatchObject({ position: head, then: undefined });
      const past = await store.asOf(3);
      const [third] = await store.log.readAt([3]);
      expect(past).toMatchObject({ position: 3, then: { recordedAt: third?.recordedAt, time: third?.recordedAt } });
      expect((await store.asOf(3, '2030-01-01T00:00:00.000Z')).then?.time).toBe('2030-01-01T00:00:00.000Z');
      expect((await store.asOf(0)).then).toEqual({ recordedAt: undefined, time: undefined });
      await expect(store.asOf(1_000)).rejects.toThrow(RangeError);
    });

    it('finds events by place, by owner, by kind, by tenant, and none that were not asked for', async () => {
      await cup('ten_a', '1', made('1', 'ten_a', 1), grown('1'));
      await jug('ten_a', '2', made('2', PLATFORM, 2));
      await jug('ten_b', '2', grown('2'));
      await tell('ten_b', 'ten_b/cupboard-1', made('3', 'ten_b', 3));
      const end = await cup('ten_b', '1', broken('1'));
      const scanned = async (after: number, to: number, filter?: EventFilter) => {
        const all: Recorded[] = [];
        for await (const page of store.log.scan(after, to, filter)) all.push(...page);
        return all.map(({ position }) => position);
      };
      expect(await scanned(0, end)).toEqual([1, 2, 3, 4, 5, 6]);
      expect(await scanned(1, 4)).toEqual([2, 3, 4]);
      expect(await scanned(4, 4)).toEqual([]);
      expect(await scanned(0, end, { tenantId: 'ten_b' })).toEqual([4, 5, 6]);
      expect(await scanned(0, end, { nouns: ['cup'] })).toEqual([1, 2, 6]);
      expect(await scanned(0, end, { nouns: ['cup', 'jug'], tenantId: 'ten_a' })).toEqual([1, 2, 3]);
      expect(await scanned(0, end, { owner: PLATFORM })).toEqual([3, 4]);
      expect(await scanned(0, end, { owner: PLATFORM, nouns: ['jug'] })).toEqual([3, 4]);
      expect(await scanned(0, end, { owner: 'ten_b', nouns: ['cup'] })).toEqual([6]);
      expect(await scanned(0, end, { types: ['CupGrown', "O'Brien"] })).toEqual([2, 4]);
      expect(await scanned(0, end, { stream: 'ten_a/cup-1' })).toEqual([1, 2]);
      const places = (events: readonly Recorded[]) => events.map(({ position }) => position);
      expect(places(await store.log.read(1, 9, { until: 4, nouns: ['jug', 'cup'] }))).toEqual([2, 3, 4]);
      expect(places(await store.log.readAt([5, 2, 99, 2, 4]))).toEqual([2, 4, 5]);
      expect(places(await store.log.readAt([5, 2, 4], 'ten_b'))).toEqual([4, 5]);
      expect(store.log.known).toBe(end);
    });
  });
};
