import { v4 } from 'uuid';
import type { EventLog } from '../event-log.js';
import type { EventStore } from '../event-store.js';
import type { NewEvent, Recorded } from '../event.js';
import { by, until } from './fixtures.js';

const noted = (text: string): NewEvent => ({ type: 'Noted', data: { text } });
const texts = (events: readonly Recorded[]) => events.map(({ data }) => ('text' in data ? data.text : undefined));

const collected = async (pages: AsyncIterable<readonly Recorded[]>) => {
  const all: Recorded[] = [];
  for await (const page of pages) all.push(...page);
  return all;
};

/** What every store's log promises. `make` gives an empty store, and the suite closes it. */
export const isAnEventLog = (name: string, make: () => Promise<EventStore>): void => {
  describe(`${name} has an event log`, () => {
    let store: EventStore;
    let log: EventLog;
    beforeEach(async () => {
      store = await make();
      ({ log } = store);
    });
    afterEach(() => store.close());

    const append = (stream: string, expectedVersion: number, events: readonly NewEvent[], meta = by()) =>
      log.append({ stream, expectedVersion, events, meta });

    it('numbers events by stream and by log, from one, without gaps', async () => {
      await append('a', 0, [noted('1'), noted('2')]);
      await append('b', 0, [noted('3')]);
      await append('a', 2, [noted('4')]);
      const events = await log.read(0, 10);
      expect(events.map(({ stream, version, position }) => [stream, version, position])).toEqual([
        ['a', 1, 1],
        ['a', 2, 2],
        ['b', 1, 3],
        ['a', 3, 4],
      ]);
      expect(await log.head()).toBe(4);
      expect(texts(await log.readStream('a', 1))).toEqual(['2', '4']);
      expect(texts(await log.readStream('a', 0, 2))).toEqual(['1', '2']);
      expect(texts(await log.read(1, 2))).toEqual(['2', '3']);
    });

    it('keeps an event exactly as it was, and tells it replayed as it told it live', async () => {
      const data = {
        text: 'tab\t newline\n backslash\\ quote" ünï 🏠',
        at: new Date(0),
        gone: undefined,
        deep: [{ n: 1.5 }],
      };
      const meta = { ...by(), at: '2026-11-22T10:08:07.6+01:00' };
      const answer = await log.append({
        stream: 's\\1',
        expectedVersion: 0,
        events: [{ type: 'T', data, schemaVersion: 3 }],
        meta,
      });
      const [live] = await log.read(0, 1);
      expect(live).toMatchObject({
        data: { text: data.text, at: '1970-01-01T00:00:00.000Z', deep: [{ n: 1.5 }] },
        at: '2026-11-22T09:08:07.600Z',
        schemaVersion: 3,
        stream: 's\\1',
        meta: { tenantId: 'ten_1', actor: 'user_1', commandId: meta.commandId },
      });
      expect(live?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
      expect(answer).toEqual({ outcome: 'appended', version: 1, events: [live] });
      expect(await log.readStream('s\\1')).toEqual([live]);
      expect(await collected(log.readAll(0))).toEqual([live]);
    });

    it('stores nothing at another version than expected', async () => {
      await append('a', 0, [noted('1')]);
      expect(await append('a', 0, [noted('late')])).toEqual({ outcome: 'conflict', version: 1 });
      expect(await append('a', 2, [noted('early')])).toEqual({ outcome: 'conflict', version: 1 });
      expect(await append('new', 1, [noted('early')])).toEqual({ outcome: 'conflict', version: 0 });
      expect(texts(await log.read(0, 10))).toEqual(['1']);
    });

    it('stores a command once, and answers its second copy with the events of then', async () => {
      const meta = by();
      const first = await append('a', 0, [noted('1'), noted('2')], meta);
      await append('a', 2, [noted('3')]);
      const again = { ...first, outcome: 'repeated' };
      expect(await append('a', 0, [noted('1'), noted('2')], meta)).toEqual(again);
      expect(await append('a', 3, [noted('other')], meta)).toEqual(again);
      expect(await log.head()).toBe(3);
    });

    it('takes the same command id on another stream for another append', async () => {
      const meta = by();
      await append('a', 0, [noted('1')], meta);
      expect(await append('b', 0, [noted('2')], meta)).toMatchObject({ outcome: 'appended', version: 1 });
    });

    it('remembers nothing of a command that added nothing', async () => {
      const meta = by();
      expect(await append('a', 0, [], meta)).toEqual({ outcome: 'appended', version: 0, events: [] });
      expect(await append('a', 0, [noted('1')], meta)).toMatchObject({ outcome: 'appended', version: 1 });
    });

    it('stores a group whole, each command under its own id', async () => {
      const [one, two] = [by(), by()];
      const answers = await log.appendAll({
        stream: 'a',
        expectedVersion: 0,
        commands: [
          { events: [noted('1'), noted('2')], meta: one },
          { events: [noted('3')], meta: two },
        ],
      });
      expect(answers.map(({ outcome, version }) => [outcome, version])).toEqual([
        ['appended', 2],
        ['appended', 3],
      ]);
      expect(await append('a', 3, [noted('4')], two)).toEqual({ ...answers[1], outcome: 'repeated' });
    });

    it('stores nothing of a group that repeats a command, and says which', async () => {
      const known = by();
      await append('a', 0, [noted('1')], known);
      const answers = await log.appendAll({
        stream: 'a',
        expectedVersion: 1,
        commands: [
          { events: [noted('2')], meta: by() },
          { events: [noted('1')], meta: known },
        ],
      });
      expect(answers).toMatchObject([
        { outcome: 'conflict', version: 1 },
        { outcome: 'repeated', version: 1 },
      ]);
      expect(await log.head()).toBe(1);
    });

    it('refuses what is malformed, and only that', async () => {
      const stored = append('a', 0, [noted('1')]);
      await expect(append('b', 0, [noted('2')], by('no-uuid'))).rejects.toThrow('no UUID');
      await expect(append('b', 0, [noted('2')], { ...by(), at: 'yesterday' })).rejects.toThrow(RangeError);
      const twice = { events: [noted('2')], meta: by() };
      await expect(log.appendAll({ stream: 'b', expectedVersion: 0, commands: [twice, twice] })).rejects.toThrow(
        'twice',
      );
      expect(await stored).toMatchObject({ outcome: 'appended' });
      expect(await log.head()).toBe(1);
    });

    it('gives many callers at once one order, and each stream its own', async () => {
      await Promise.all(
        Array.from({ length: 40 }, async (_, writer) => {
          for (let version = 0; version < 10; version++) {
            const answer = await append(
              `s${writer}`,
              version,
              [noted(`${version}`), noted('more')].slice(0, 1 + (writer % 2)),
            );
            if (writer % 2 === 1) version++;
            expect(answer.outcome).toBe('appended');
          }
        }),
      );
      const events = await collected(log.readAll(0));
      expect(events.map(({ position }) => position)).toEqual(events.map((_, index) => index + 1));
      expect(events).toHaveLength(400);
      expect(await log.read(0, 1_000)).toEqual(events);
    });

    it('lets one of many win the same version', async () => {
      const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => append('a', 0, [noted(`${n}`)])));
      expect(answers.filter(({ outcome }) => outcome === 'appended')).toHaveLength(1);
      expect(await log.readStream('a')).toHaveLength(1);
    });

    it('narrows a read to a stream, to types, to a tenant', async () => {
      await append('a', 0, [noted('1'), { type: 'Shouted', data: { text: '2' } }]);
      await append('b', 0, [noted('3')], by(v4(), 'ten_2'));
      expect(texts(await log.read(0, 9, { stream: 'a' }))).toEqual(['1', '2']);
      expect(texts(await log.read(0, 9, { types: ['Noted'] }))).toEqual(['1', '3']);
      expect(texts(await log.read(0, 9, { tenantId: 'ten_2' }))).toEqual(['3']);
      expect(texts(await log.read(1, 9, { types: ['Noted'], tenantId: 'ten_1' }))).toEqual([]);
      expect(texts(await log.read(0, 1, { types: ['Noted'] }))).toEqual(['1']);
    });

    it('can be left in the middle of a long read', async () => {
      for (let n = 0; n < 12; n++) {
        await append(
          `s${n}`,
          0,
          Array.from({ length: 1_000 }, (_, i) => noted(`${n}.${i} ${'x'.repeat(200)}`)),
        );
      }
      for await (const page of log.readAll(0)) {
        expect(page[0]?.position).toBe(1);
        break;
      }
      expect(await collected(log.readAll(11_990))).toHaveLength(10);
    });

    it('rings after each commit, until told to stop', async () => {
      let rings = 0;
      const stop = log.onAppend(() => rings++);
      await append('a', 0, [noted('1')]);
      await until('it rang', () => rings === 1);
      stop();
      await append('a', 1, [noted('2')]);
      await append('a', 2, [noted('3')]);
      expect(rings).toBe(1);
    });

    it('recalls where a stream stands and which commands it knows', async () => {
      const [known, silent, unknown] = [by(), by(), by()];
      const answer = await append('a', 0, [noted('1'), noted('2')], known);
      await append('a', 2, [], silent);
      const ids = [known, silent, unknown].map(({ commandId }) => commandId);
      const { version, commands } = await log.recall('a', ids);
      expect(version).toBe(2);
      expect([...commands.keys()]).toEqual([known.commandId]);
      expect({ outcome: 'appended', ...commands.get(known.commandId) }).toEqual(answer);
      expect(await log.recall('b', ids)).toEqual({ version: 0, commands: new Map() });
    });

    it('knows its position at a time', async () => {
      const times: string[] = [];
      for (const stream of ['a', 'b', 'c', 'd', 'e']) {
        await append(stream, 0, [noted(''), noted('')].slice(times.length % 2));
        const [event] = await log.read((await log.head()) - 1, 1);
        times.push(event?.recordedAt ?? '');
        await until('time has passed', () => new Date().toISOString() > (times.at(-1) ?? ''));
      }
      expect(times).toEqual(times.toSorted());
      const positions = await Promise.all(times.map((time) => log.positionAt(time)));
      expect(positions).toEqual([2, 3, 5, 6, 8]);
      expect(await log.positionAt('2025-12-31T23:59:59Z')).toBe(0);
      expect(await log.positionAt('2099-01-01T00:00:00Z')).toBe(8);
    });
  });
};
