import type { EventStore } from '../event-store.js';
import type { Recorded } from '../event.js';
import { EventsMissing, TryLater } from '../subscription.js';
import { MemoryEventLog } from '../memory/memory-event-log.js';
import { by, until } from './fixtures.js';

/** What every store's subscriptions promise. */
export const runsSubscriptions = (name: string, make: () => Promise<EventStore>): void => {
  describe(`${name} runs subscriptions`, () => {
    let store: EventStore;
    beforeEach(async () => (store = await make()));
    afterEach(() => store.close());

    const append = async (stream: string, ...texts: readonly string[]) => {
      const { version } = await store.log.recall(stream, []);
      const events = texts.map((text) => ({ type: 'Noted', data: { text } }));
      await store.log.append({ stream, expectedVersion: version, events, meta: by() });
    };

    /** A handler that remembers, and fails on the texts it is told to. */
    const listener = () => {
      const heard: string[] = [];
      const bad = new Set<string>();
      const handle = async (batch: readonly Recorded[]) => {
        const texts = batch.map(({ data }) => ('text' in data ? String(data.text) : ''));
        for (const text of texts) if (bad.has(text)) throw new Error(`cannot take ${text}`);
        heard.push(...texts);
      };
      return { heard, bad, handle };
    };

    it('tells what was missed, then what comes, each once and in order', async () => {
      await append('a', '1', '2');
      const { heard, handle } = listener();
      const subscription = await store.subscribe({ name: 'all', from: 'start', handle, batchSize: 3 });
      for (let n = 3; n <= 20; n++) await append('a', `${n}`);
      await subscription.waitFor(20);
      expect(heard).toEqual(Array.from({ length: 20 }, (_, n) => `${n + 1}`));
      expect(await subscription.lag()).toBe(0);
    });

    it('begins at the head when told to, and goes on where it stopped', async () => {
      await append('a', 'old');
      const { heard, handle } = listener();
      const first = await store.subscribe({ name: 'new', from: 'head', handle });
      await append('a', '1');
      await first.waitFor(2);
      await first.stop();
      await append('a', '2');
      const second = await store.subscribe({ name: 'new', from: 'head', handle });
      await second.waitFor(3);
      expect(heard).toEqual(['1', '2']);
    });

    it('pauses and goes on', async () => {
      const { heard, handle } = listener();
      const subscription = await store.subscribe({ name: 'p', from: 'start', handle });
      await append('a', '1');
      await subscription.waitFor(1);
      subscription.pause();
      await append('a', '2');
      await expect(subscription.waitFor(2, 60)).rejects.toThrow('is at 1, not at 2');
      expect(await subscription.lag()).toBe(1);
      subscription.resume();
      await subscription.waitFor(2);
      expect(heard).toEqual(['1', '2']);
    });

    it('parks an event it cannot take with the rest of its stream, and goes on with the others', async () => {
      const { heard, bad, handle } = listener();
      bad.add('a1');
      const subscription = await store.subscribe({ name: 'poison', from: 'start', handle, tries: 2 });
      await append('a', 'a0');
      await append('a', 'a1');
      await append('b', 'b1');
      await append('a', 'a2');
      await append('b', 'b2');
      await subscription.waitFor(5);
      expect(heard.filter((text) => text.startsWith('b'))).toEqual(['b1', 'b2']);
      expect(heard.filter((text) => text.startsWith('a'))).toEqual(['a0']);
      expect(await subscription.parked()).toMatchObject([
        { stream: 'a', position: 2, error: 'Error: cannot take a1', tries: 1 },
        { stream: 'a', position: 4 },
      ]);

      expect(await subscription.redrive()).toEqual({ done: 0, left: 2 });
      expect(await subscription.parked()).toMatchObject([{ tries: 2 }, { tries: 1 }]);

      bad.clear();
      expect(await subscription.redrive()).toEqual({ done: 2, left: 0 });
      await append('a', 'a3');
      await subscription.waitFor(6);
      expect(heard.filter((text) => text.startsWith('a'))).toEqual(['a0', 'a1', 'a2', 'a3']);
      expect(await subscription.parked()).toEqual([]);
    });

    it('remembers what is parked after a restart, and tries it again', async () => {
      const { heard, bad, handle } = listener();
      bad.add('a1');
      await append('a', 'a1');
      const first = await store.subscribe({ name: 'poison', from: 'start', handle, tries: 1 });
      await first.waitFor(1);
      await first.stop();
      const second = await store.subscribe({ name: 'poison', from: 'start', handle, tries: 1 });
      await append('a', 'a2');
      await append('b', 'b1');
      await second.waitFor(3);
      expect(heard).toEqual(['b1']);
      expect(await second.parked()).toMatchObject([{ tries: 2 }, { tries: 1 }]);
      expect([...second.parkedStreams]).toEqual(['a']);
      await second.stop();

      bad.clear();
      const mended = await store.subscribe({ name: 'poison', from: 'start', handle, tries: 1 });
      await append('a', 'a3');
      await mended.waitFor(4);
      expect(heard).toEqual(['b1', 'a1', 'a2', 'a3']);
      expect(await mended.parked()).toEqual([]);
      expect([...mended.parkedStreams]).toEqual([]);
    });

    it('waits for a database that is away instead of parking, also when its effect is elsewhere', async () => {
      let tries = 0;
      const handle = async () => {
        if (++tries < 6) throw new Error('Connection terminated unexpectedly');
      };
      const options = { name: 'away', from: 'start', handle, tries: 1, effect: 'outside' } as const;
      const subscription = await store.subscribe(options);
      await append('a', '1');
      await subscription.waitFor(1, 8_000);
      expect(tries).toBe(6);
      expect(await subscription.parked()).toEqual([]);
    });

    it('does nothing a second time when only the answer to its commit was lost', async () => {
      const { heard, handle } = listener();
      const repeated: string[] = [];
      const subscription = await store.subscribe({
        name: 'unheard',
        from: 'start',
        handle,
        repeated: (batch) => repeated.push(...batch.map(({ stream }) => stream)),
      });
      await append('a', '1');
      await subscription.waitFor(1);
      subscription.pause();
      await append('b', '2');
      // What a transaction leaves behind that came through unheard: the cursor is further than its owner knows.
      const claim = { name: 'unheard', fence: 1, position: 1 };
      await store.checkpoints.transaction((tx) => store.checkpoints.move(tx, claim, { from: 1, to: 2 }));
      subscription.resume();
      await append('c', '3');
      await subscription.waitFor(3);
      expect(heard).toEqual(['1', '3']);
      expect(repeated).toContain('b');
    });

    it('waits for the world instead of parking', async () => {
      let tries = 0;
      const handle = async () => {
        if (++tries < 6) throw new TryLater('the broker is away');
      };
      const subscription = await store.subscribe({ name: 'later', from: 'start', handle, tries: 1 });
      await append('a', '1');
      await subscription.waitFor(1, 8_000);
      expect(tries).toBe(6);
      expect(await subscription.parked()).toEqual([]);
    });

    it('is fenced off by whoever claims its cursor after it, and then does nothing', async () => {
      const [old, young] = [listener(), listener()];
      const first = await store.subscribe({ name: 'one', from: 'start', handle: old.handle });
      await append('a', '1');
      await first.waitFor(1);
      const second = await store.subscribe({ name: 'one', from: 'start', handle: young.handle });
      await append('a', '2');
      await second.waitFor(2);
      await until('the first gave up', () => first.failure !== undefined);
      expect(first.failure?.message).toContain('another process');
      expect([old.heard, young.heard]).toEqual([['1'], ['2']]);
    });

    it('stops when the log has a hole, and says so', async () => {
      class Holed extends MemoryEventLog {
        override async read(after: number, limit: number) {
          return (await super.read(after, limit)).filter(({ position }) => position !== 2);
        }
      }
      const log = new Holed();
      for (let version = 0; version < 3; version++) {
        await log.append({ stream: 'a', expectedVersion: version, events: [{ type: 'Noted', data: {} }], meta: by() });
      }
      const { heard, handle } = listener();
      const subscription = await store.subscribe({ name: 'holed', log, from: 'start', handle });
      await expect(subscription.waitFor(3)).rejects.toThrow(EventsMissing);
      expect(heard).toEqual([]);
      await expect(subscription.redrive()).rejects.toThrow(EventsMissing);
    });

    it('will not begin ahead of its log', async () => {
      const { handle } = listener();
      await append('a', '1');
      const first = await store.subscribe({ name: 'lost', from: 'start', handle });
      await first.waitFor(1);
      await first.stop();
      const log = new MemoryEventLog();
      await expect(store.subscribe({ name: 'lost', log, from: 'start', handle })).rejects.toThrow(EventsMissing);
    });

    it('undoes what a failed handler did through its transaction', async () => {
      const told: number[] = [];
      let failures = 0;
      const subscription = await store.subscribe({
        name: 'tx',
        from: 'start',
        handle: async (batch, tx) => {
          tx.afterCommit(() => told.push(batch.length));
          if (++failures === 1) throw new Error('after half of the work');
        },
      });
      await append('a', '1');
      await subscription.waitFor(1);
      expect(told).toEqual([1]);
    });
  });
};
