import type { Recorded } from '../event.js';
import { by } from '../testing/index.js';
import { Tail } from './tail.js';

const event = (position: number): Recorded => ({
  id: `${position}`,
  stream: 'a',
  version: position,
  lane: 0,
  position,
  at: '2026-01-01T00:00:00.000Z',
  recordedAt: '2026-01-01T00:00:00.000Z',
  type: 'Noted',
  schemaVersion: 1,
  data: {},
  meta: by(),
});
const positions = (events: readonly Recorded[] | undefined) => events?.map(({ position }) => position);

describe('the tail of a log', () => {
  it('answers what it holds, nothing beyond the head, and does not guess about the rest', () => {
    const tail = new Tail(10, 100);
    expect(tail.read(10, 5)).toEqual([]);
    expect(tail.read(9, 5)).toBeUndefined();
    tail.push([event(11), event(12)]);
    tail.push([event(13)]);
    expect(positions(tail.read(10, 2))).toEqual([11, 12]);
    expect(positions(tail.read(12, 5))).toEqual([13]);
    expect(tail.read(13, 5)).toEqual([]);
    expect(tail.read(9, 5)).toBeUndefined();
  });

  it('begins anew behind what another process appended', () => {
    const tail = new Tail(0, 100);
    tail.push([event(1)]);
    tail.head = 3;
    expect(positions(tail.read(0, 9))).toEqual([1]);
    expect(tail.read(1, 9)).toBeUndefined();
    tail.push([event(4)]);
    expect(tail.read(0, 9)).toBeUndefined();
    expect(positions(tail.read(3, 9))).toEqual([4]);
  });

  it('forgets the oldest', () => {
    const tail = new Tail(0, 3);
    for (let position = 1; position <= 8; position++) tail.push([event(position)]);
    expect(tail.read(0, 9)).toBeUndefined();
    expect(positions(tail.read(6, 9))).toEqual([7, 8]);
  });
});
