import { PLATFORM } from '@strata/event-sourcing';
import type { Event } from '@strata/event-sourcing';
import type { EventStore } from '../event-store.js';
import { defineView } from '../view-definition.js';
import type { View } from '../view.js';
import { by, until } from './fixtures.js';

type Box = { id: string; owner: string | null; size: number; color?: string };
type BoxEvent = Event<'Boxed', Box> | Event<'Grown', { id: string; by: number }> | Event<'Burnt', { id: string }>;

const boxes = defineView<Box, 'owner' | 'size' | 'color', BoxEvent>({
  name: 'boxes',
  key: (event) => (event.type === 'Burnt' && event.data.id === '*' ? undefined : event.data.id),
  evolve(box, event) {
    if (event.type === 'Boxed') return { ...event.data };
    if (event.type === 'Burnt' || box === undefined) return undefined;
    return { ...box, size: box.size + event.data.by };
  },
  tenant: ({ owner }) => owner ?? PLATFORM,
  shared: true,
  columns: { owner: ({ owner }) => owner, size: ({ size }) => size, color: ({ color }) => color },
});

/** What every store's views promise. */
export const isAViewStore = (name: string, make: () => Promise<EventStore>): void => {
  describe(`${name} is a view store`, () => {
    let store: EventStore;
    let view: View<Box, 'owner' | 'size' | 'color'>;
    beforeEach(async () => {
      store = await make();
      view = await store.view(boxes);
    });
    afterEach(() => store.close());

    const tell = async (...events: readonly BoxEvent[]) => {
      const { version } = await store.log.recall('boxes', []);
      await store.log.append({ stream: 'boxes', expectedVersion: version, events, meta: by() });
      await view.waitFor(await store.log.head());
    };
    const reopened = async () => {
      await view.subscription.stop();
      view = await store.view(boxes);
      return view;
    };
    const box = (id: string, owner: string | null, size: number, color?: string): BoxEvent => ({
      type: 'Boxed',
      data: { id, owner, size, ...(color === undefined ? {} : { color }) },
    });
    const ids = (rows: readonly Box[]) => rows.map(({ id }) => id).join('');

    it('folds events into rows, and takes away what is gone', async () => {
      await tell(box('a', 'ann', 1), box('b', 'bob', 2), { type: 'Grown', data: { id: 'a', by: 4 } });
      expect(await view.get('a')).toEqual({ id: 'a', owner: 'ann', size: 5 });
      await tell({ type: 'Burnt', data: { id: 'b' } }, { type: 'Burnt', data: { id: '*' } });
      expect(await view.get('b')).toBeUndefined();
      expect([...(await view.getMany(['a', 'b', 'c'])).keys()]).toEqual(['a']);
    });

    it('finds by column and orders by columns, then by key', async () => {
      await tell(box('c', 'ann', 2), box('a', 'ann', 10), box('b', 'bob', 2), box('d', null, 1, 'red'));
      expect(ids((await view.list()).rows)).toBe('abcd');
      expect(ids((await view.list({ where: { owner: 'ann' } })).rows)).toBe('ac');
      expect(ids((await view.list({ where: { owner: 'ann', size: 2 } })).rows)).toBe('c');
      expect(ids((await view.list({ where: { owner: null } })).rows)).toBe('d');
      expect(ids((await view.list({ where: { color: null } })).rows)).toBe('abc');
      expect(ids((await view.list({ orderBy: ['size'] })).rows)).toBe('dbca');
      expect(ids((await view.list({ orderBy: ['size'], direction: 'descending' })).rows)).toBe('acbd');
      expect(ids((await view.list({ orderBy: ['owner', 'size'] })).rows)).toBe('dcab');
      expect(ids((await view.list({ orderBy: ['color'] })).rows)).toBe('abcd');
    });

    it('pages through any order without missing or repeating a row, also while rows come', async () => {
      await tell(
        ...Array.from({ length: 25 }, (_, n) => box(`b${String(n).padStart(2, '0')}`, n % 2 ? 'ann' : null, n % 3)),
      );
      for (const direction of ['ascending', 'descending'] as const) {
        for (const orderBy of [[], ['size'], ['owner', 'size']] as const) {
          const seen: string[] = [];
          let after: string | undefined;
          do {
            const page = await view.list({ orderBy, direction, limit: 4, ...(after ? { after } : {}) });
            seen.push(...page.rows.map(({ id }) => id));
            after = page.next;
          } while (after);
          const { rows } = await view.list({ orderBy, direction, limit: 100 });
          expect(seen).toEqual(rows.map(({ id }) => id));
          expect(seen).toHaveLength(25);
        }
      }
      await expect(
        view.list({ orderBy: ['size'], after: (await view.list({ limit: 1 })).next ?? '' }),
      ).rejects.toThrow();
    });

    it('shows a tenant its own rows and those of the platform, and no other', async () => {
      await tell(box('a', 'ann', 1), box('b', 'bob', 2), box('c', null, 3), box('d', 'ann', 4));
      const anns = view.of('ann');
      expect(ids((await anns.list()).rows)).toBe('acd');
      expect(ids((await anns.list({ where: { size: 2 } })).rows)).toBe('');
      expect(ids((await anns.list({ orderBy: ['size'], direction: 'descending', limit: 2 })).rows)).toBe('dc');
      // Rows that were folded last are in memory, those of a view that starts anew in its table.
      for (const rows of [anns, (await reopened()).of('ann')]) {
        expect(await rows.get('b')).toBeUndefined();
        expect([...(await rows.getMany(['a', 'b', 'c'])).keys()].toSorted()).toEqual(['a', 'c']);
      }
    });

    it('orders text by its bytes', async () => {
      await tell(
        box('1', 'b', 0),
        box('2', 'B', 0),
        box('3', 'ä', 0),
        box('4', 'a', 0),
        box('5', '🏠', 0),
        box('6', '\uffee', 0),
      );
      expect(ids((await view.list({ orderBy: ['owner'] })).rows)).toBe('241365');
    });

    it('tells after the commit which keys changed', async () => {
      const changes: string[] = [];
      const stop = view.onChange((keys) => changes.push(...keys));
      await tell(box('a', 'ann', 1), box('b', 'ann', 1));
      await until('both were told', () => changes.length === 2);
      stop();
      await tell(box('c', 'ann', 1));
      expect(changes).toEqual(['a', 'b']);
    });

    it('goes on from its rows after a restart', async () => {
      await tell(box('a', 'ann', 1));
      await reopened();
      await tell({ type: 'Grown', data: { id: 'a', by: 1 } });
      expect(await view.get('a')).toMatchObject({ size: 2 });
    });

    it('is the same when rebuilt, and says so by its hash', async () => {
      await tell(...Array.from({ length: 30 }, (_, n) => box(`b${n}`, 'ann', n)));
      await tell({ type: 'Grown', data: { id: 'b7', by: 5 } }, { type: 'Burnt', data: { id: 'b8' } });
      const hash = await view.hash();
      const rebuilt = await store.rebuild();
      expect(rebuilt).toMatchObject({ events: 32, position: 32 });
      expect(rebuilt.views).toEqual([{ view: 'boxes', rows: 29, before: hash, after: hash }]);
      expect(await view.hash()).toBe(hash);
      await tell(box('new', 'ann', 1));
      expect(await view.get('new')).toBeDefined();
      expect(await view.hash()).not.toBe(hash);
    });

    it('is rebuilt while events come and rows are read, and no reader sees a part of it', async () => {
      await tell(...Array.from({ length: 3_000 }, (_, n) => box(`b${n}`, 'ann', 0)));
      let [version, sizes, isOver] = [3_000, 0, false];
      // Each command grows all of three boxes at once: whoever reads them finds them equally large.
      const write = async () => {
        while (!isOver) {
          const events = ['b1', 'b1500', 'b2999'].map((id): BoxEvent => ({ type: 'Grown', data: { id, by: 1 } }));
          await store.log.append({ stream: 'boxes', expectedVersion: version, events, meta: by() });
          version += 3;
          await new Promise(setImmediate);
        }
      };
      const read = async () => {
        while (!isOver) {
          const found = (await view.list({ where: { owner: 'ann' }, limit: 5_000 })).rows;
          expect(found).toHaveLength(3_000);
          const grown = found.filter(({ size }) => size > 0);
          expect(new Set(grown.map(({ size }) => size)).size).toBeLessThanOrEqual(1);
          sizes++;
          await new Promise(setImmediate);
        }
      };
      const both = Promise.all([write(), read()]);
      try {
        const stages = new Set<string>();
        for (let round = 0; round < 3; round++) {
          const [rebuilt] = (await store.rebuild({ tell: ({ stage }) => stages.add(stage) })).views;
          expect(rebuilt).toMatchObject({ rows: 3_000, before: rebuilt?.after });
        }
        expect([...stages]).toEqual(['fold', 'index', 'switch', 'compare']);
      } finally {
        isOver = true;
        await both;
      }
      expect(sizes).toBeGreaterThan(3);
      await view.waitFor(await store.log.head());
      expect(await view.get('b1500')).toMatchObject({ size: (version - 3_000) / 3 });
      const hash = await view.hash();
      expect((await store.rebuild()).views).toMatchObject([{ before: hash, after: hash }]);
    }, 60_000);

    it('puts rows away that it has no room for, and takes them up again', async () => {
      const many = Array.from({ length: 9_000 }, (_, n) => box(`b${n}`, 'ann', 1));
      await tell(...many);
      await tell({ type: 'Grown', data: { id: 'b3', by: 1 } }, { type: 'Burnt', data: { id: 'b4' } });
      await tell(box('b4', 'bob', 7), { type: 'Burnt', data: { id: 'b5' } });
      const hash = await view.hash();
      const { views } = await store.rebuild();
      expect(views).toEqual([{ view: 'boxes', rows: 8_999, before: hash, after: hash }]);
    }, 30_000);

    it('stays as it was when a rebuild fails or is called off', async () => {
      await tell(...Array.from({ length: 30 }, (_, n) => box(`b${n}`, 'ann', n)));
      const hash = await view.hash();
      await expect(store.rebuild({ signal: AbortSignal.abort() })).rejects.toThrow('aborted');
      await expect(store.rebuild({ views: ['crates'] })).rejects.toThrow('no view "crates"');
      const halt = () => {
        throw new Error('halt');
      };
      await expect(store.rebuild({ tell: halt })).rejects.toThrow('halt');
      await tell(box('new', 'ann', 1), { type: 'Burnt', data: { id: 'new' } });
      expect(await view.hash()).toBe(hash);
      expect((await store.rebuild()).views).toMatchObject([{ before: hash, after: hash }]);
    });

    it('has nothing parked any more once it was rebuilt', async () => {
      const fragile = { ...boxes, evolve: fold };
      let isFragile = true;
      function fold(...args: Parameters<typeof boxes.evolve>) {
        if (isFragile && args[2] === 'b') throw new Error('cannot fold b');
        return boxes.evolve(...args);
      }
      await view.subscription.stop();
      view = await store.view(fragile);
      await tell(box('a', 'ann', 1), box('b', 'bob', 2));
      await until('it is parked', async () => (await view.subscription.parked()).length > 0);
      isFragile = false;
      await store.rebuild();
      expect(await view.subscription.parked()).toEqual([]);
      await tell({ type: 'Grown', data: { id: 'b', by: 1 } });
      expect(await view.get('b')).toMatchObject({ size: 3 });
    });

    it('has wrong rows put right by a rebuild', async () => {
      await tell(box('a', 'ann', 1), box('b', 'bob', 2));
      const right = await view.hash();
      const crooked = { ...boxes, evolve: (): Box => ({ id: '?', owner: 'eve', size: 0 }) };
      await view.subscription.stop();
      view = await store.view(crooked);
      await tell({ type: 'Grown', data: { id: 'a', by: 0 } });
      expect(await view.get('a')).toMatchObject({ owner: 'eve' });
      await reopened();
      const changed: string[] = [];
      view.onChange((keys) => changed.push(...keys));
      const [rebuilt] = (await store.rebuild({ views: ['boxes'] })).views;
      expect(rebuilt?.before).not.toBe(rebuilt?.after);
      expect(rebuilt?.after).toBe(right);
      expect(await view.get('a')).toEqual({ id: 'a', owner: 'ann', size: 1 });
      await until('those who act on changes were told', () => changed.join('') === 'ab');
    });
  });
};
