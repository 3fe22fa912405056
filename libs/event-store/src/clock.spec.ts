import { ManualClock } from './clock.js';

describe('a manual clock', () => {
  it('wakes sleepers in order, each at its own time, and those that were set on the way', () => {
    const clock = new ManualClock('2026-01-01T00:00:00.000Z');
    const heard: string[] = [];
    const note = (name: string) => () => void heard.push(`${name} ${clock.now().slice(17, 23)}`);
    clock.after(2_000, note('second'));
    clock.after(1_000, () => {
      note('first')();
      clock.after(500, note('between'));
    });
    const callOff = clock.after(1_200, note('never'));
    callOff();
    clock.after(9_000, note('later'));
    clock.advance(3_000);
    expect(heard).toEqual(['first 01.000', 'between 01.500', 'second 02.000']);
    expect(clock.now()).toBe('2026-01-01T00:00:03.000Z');
  });
});
