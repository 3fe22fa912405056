import fc from 'fast-check';
import { InOrder } from './in-order.js';

const at = (position: number) => ({ position });

describe('events that come as they lie on the disk', () => {
  it('are told in the order of the log, each once, whatever order they come in', () => {
    const shuffled = fc
      .shuffledSubarray(
        Array.from({ length: 60 }, (_, index) => index + 6),
        { minLength: 60 },
      )
      .chain((positions) => fc.tuple(fc.constant(positions), fc.integer({ min: 1, max: 20 })));
    fc.assert(
      fc.property(shuffled, ([positions, size]) => {
        const order = new InOrder(5, 1_000);
        const told: number[] = [];
        for (let start = 0; start < positions.length; start += size) {
          told.push(...order.take(positions.slice(start, start + size).map(at)).map(({ position }) => position));
        }
        expect(told).toEqual(positions.toSorted((a, b) => a - b));
        expect(order.position).toBe(65);
      }),
    );
  });

  it('are given up when too many come before their turn', () => {
    const order = new InOrder(0, 3);
    expect(order.take([2, 3, 4].map(at))).toEqual([]);
    expect(order.isLost).toBe(false);
    expect(order.take([at(6)])).toEqual([]);
    expect(order.isLost).toBe(true);
    expect(order.position).toBe(0);
  });
});
