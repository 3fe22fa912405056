import { obeysTheHistoryLaws } from './testing/index.js';
import type { Event } from './decider.js';
import { UnknownEvent, Versions } from './history.js';
import type { History } from './history.js';

type Baked = Event<'Baked', { grams: number; grain: 'wheat' | 'rye'; by: string | null }>;
type Eaten = Event<'Eaten', { grams: number }>;

/** Bread was weighed in pounds first, then always of wheat, and nobody signed it. */
const history: History<Baked | Eaten> = {
  Baked: [
    ({ pounds }: { pounds: number }) => ({ grams: pounds * 500 }),
    ({ grams }: { grams: number }) => ({ grams, grain: 'wheat' as const }),
    ({ grams, grain }: { grams: number; grain: 'wheat' | 'rye' }) => ({ grams, grain, by: null }),
  ],
  Eaten: [],
};
const baked = (schemaVersion: number, data: object) => ({ type: 'Baked', schemaVersion, data, position: 7 });
const newest = baked(4, { grams: 1000, grain: 'rye', by: 'ann' });

obeysTheHistoryLaws('bread', history, [
  baked(1, { pounds: 2 }),
  baked(2, { grams: 1000 }),
  baked(3, { grams: 1000, grain: 'rye' }),
  newest,
  { type: 'Eaten', schemaVersion: 1, data: { grams: 10 } },
]);

describe('a history', () => {
  const versions = new Versions(history);

  it('tells an event of any version as it would be written today', () => {
    expect(versions.read(baked(1, { pounds: 2 }))).toEqual(baked(4, { grams: 1000, grain: 'wheat', by: null }));
    expect(versions.read(baked(3, { grams: 1, grain: 'rye' }))).toEqual(baked(4, { grams: 1, grain: 'rye', by: null }));
  });

  it('leaves what is of today as it is', () => {
    const eaten = { type: 'Eaten', schemaVersion: 1, data: { grams: 10 } };
    expect(versions.read(newest)).toBe(newest);
    expect(versions.read(eaten)).toBe(eaten);
  });

  it('has new events written in their newest version', () => {
    expect([versions.written('Baked'), versions.written('Eaten'), versions.written('Baked', 2)]).toEqual([4, 1, 2]);
  });

  it('stops at what a newer release wrote, and says where', () => {
    expect(() => versions.read(baked(5, {}))).toThrow(
      'Baked of version 5 at position 7 was written by a newer release: this one knows it up to version 4',
    );
    expect(() => versions.read({ type: 'Burnt', schemaVersion: 1, data: {} })).toThrow(UnknownEvent);
    expect(() => versions.written('Burnt')).toThrow(UnknownEvent);
    expect(() => versions.written('Baked', 5)).toThrow(UnknownEvent);
  });
});
