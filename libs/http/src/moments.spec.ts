import type { Instant } from '@strata/contracts';
import { ManualClock, MemoryEventLog, MemoryEventStore, defineView } from '@strata/event-store';
import type { View } from '@strata/event-store';
import { v7 } from 'uuid';
import { Moments } from './moments.js';
import { pageTokenOf, readPageToken } from './paging.js';

type Letter = Readonly<{ letter: string }>;

const letters = defineView<Letter, never>({
  name: 'letters',
  key: ({ data }) => ('letter' in data ? String(data.letter) : undefined),
  evolve: (_, { data }) => ({ letter: 'letter' in data ? String(data.letter) : '' }),
  tenant: () => 'ten_a',
  columns: {},
});

let clock: ManualClock;
let store: MemoryEventStore;
let view: View<Letter, never>;
let moments: Moments;

const write = async (letter: string) => {
  const meta = { tenantId: 'ten_a', actor: 'a', correlationId: 'req_1', causationId: 'req_1' };
  await store.log.append({
    stream: 'ten_a/book-1',
    expectedVersion: await store.log.head(),
    events: [{ type: 'Written', data: { letter } }],
    meta: { ...meta, commandId: v7(), at: clock.now() },
  });
  clock.advance(1_000);
};

beforeEach(async () => {
  clock = new ManualClock('2026-01-01T00:00:01.000Z');
  store = new MemoryEventStore(new MemoryEventLog(clock));
  view = await store.view(letters);
  moments = new Moments(store, clock);
  for (const letter of ['a', 'b', 'c', 'd']) await write(letter);
});
afterEach(() => store.close());

const ask = (pageSize: number, pageToken?: string | null, at?: Instant) =>
  moments.page(
    'letters',
    { pageSize, pageToken: pageToken ?? undefined, at },
    async (moment, part) => (await moment.rows(view, 'ten_a')).list(part),
    ({ letter }) => letter,
  );

describe('an instant', () => {
  it('is the present unless another is asked for, and says where it stands', async () => {
    const now = await ask(9);
    expect(now).toMatchObject({ body: { items: ['a', 'b', 'c', 'd'] }, position: 4, recordedAt: undefined });
    expect(now.headers).toEqual({ 'strata-position': '4' });

    const then = await ask(9, null, { position: 2 });
    expect(then.body.items).toEqual(['a', 'b']);
    expect(then.headers).toEqual({ 'strata-position': '2', 'strata-at': '2026-01-01T00:00:02.000Z' });
  });

  it('is the last event that was stored by a time, however that is written', async () => {
    for (const [time, position] of [
      ['2026-01-01T00:00:03Z', 3],
      ['2026-01-01T00:00:03.999Z', 3],
      ['2026-01-01T01:00:02.5+01:00', 2],
      ['2026-01-01T00:00:05Z', 4],
      ['2026-01-01T00:00:00.999Z', 0],
      ['0001-01-01T00:00:00Z', 0],
    ] as const) {
      expect([time, (await moments.at({ time })).position]).toEqual([time, position]);
    }
  });

  it('before the first event has nothing in it, and was stored at no time', async () => {
    const before = await ask(9, null, { position: 0 });
    expect(before.body).toEqual({ items: [], nextPageToken: null });
    expect(before.headers).toEqual({ 'strata-position': '0' });
  });

  it('that is still to come is refused', async () => {
    for (const at of [{ position: 5 }, { time: '2026-01-01T00:00:05.001Z' }, { time: '9999-12-31T23:59:59Z' }]) {
      await expect(moments.at(at)).rejects.toMatchObject({
        code: 'request.invalid',
        errors: [{ path: 'query.at' }],
      });
    }
  });
});

describe('a page', () => {
  it('leads to the next one until there is none', async () => {
    const { body: first } = await ask(2);
    expect(first.items).toEqual(['a', 'b']);
    expect((await ask(2, first.nextPageToken)).body).toEqual({ items: ['c', 'd'], nextPageToken: null });
    expect((await ask(4)).body).toEqual({ items: ['a', 'b', 'c', 'd'], nextPageToken: null });
  });

  it('of the past leads to pages of the same instant, whatever comes meanwhile', async () => {
    const time = '2026-01-01T00:00:03.500Z';
    for (const at of [{ position: 3 }, { time }]) {
      const { body: first } = await ask(2, null, at);
      await write('bb');
      for (const again of [at, undefined]) {
        const second = await ask(2, first.nextPageToken, again);
        expect(second).toMatchObject({ body: { items: ['c'], nextPageToken: null }, position: 3 });
      }
    }
  });

  it('of one instant does not lead to another', async () => {
    const { body: now } = await ask(2);
    const { body: then } = await ask(2, null, { position: 3 });
    for (const [token, at] of [
      [now.nextPageToken, { position: 3 }],
      [then.nextPageToken, { position: 2 }],
    ] as const) {
      await expect(ask(2, token, at)).rejects.toMatchObject({ errors: [{ path: 'query.pageToken' }] });
    }
  });

  it('has a token that is opaque to addresses and says what it said', () => {
    for (const place of [{ cursor: '["ü?&=", 1]' }, { cursor: 'c', position: 0 }]) {
      expect(pageTokenOf('letters', place)).toMatch(/^[\w-]+$/);
      expect(readPageToken('letters', pageTokenOf('letters', place))).toEqual(place);
    }
  });

  const base64 = (text: string) => Buffer.from(text).toString('base64url');
  for (const [what, token] of [
    ['of another list', pageTokenOf('numbers', { cursor: '1' })],
    ['without a sum', base64('["1",null]')],
    ['with a wrong sum', base64('["1",null,"AAAAAAAA"]')],
    ['of another shape', base64('{"after":1}')],
    ['that is no JSON', base64('1,2')],
    ['that is nothing', ''],
    ['that is noise', '%%%\u0000'],
  ] as const) {
    it(`refuses a token ${what}`, async () => {
      await expect(ask(2, token)).rejects.toMatchObject({
        code: 'request.invalid',
        errors: [{ path: 'query.pageToken' }],
      });
    });
  }
});
