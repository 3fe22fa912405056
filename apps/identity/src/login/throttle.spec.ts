import { networkOf } from './attempts.service.js';
import { Throttle } from './throttle.js';

describe('a throttle', () => {
  const allowance = { burst: 3, everyMs: 1_000 };

  it('lets a burst through, then one now and then, and says when', () => {
    const throttle = new Throttle(allowance);
    expect([0, 0, 0, 0].map((now) => throttle.take('a', now))).toEqual([0, 0, 0, 1_000]);
    expect(throttle.take('a', 400)).toBe(600);
    expect(throttle.take('a', 1_000)).toBe(0);
    expect(throttle.take('a', 1_001)).toBe(999);
  });

  it('counts each for itself, and gives back what was good', () => {
    const throttle = new Throttle(allowance);
    for (let index = 0; index < 10; index++) {
      expect(throttle.take('a', 0)).toBe(0);
      throttle.giveBack('a');
    }
    expect([0, 0, 0, 0].map((now) => throttle.take('b', now) === 0)).toEqual([true, true, true, false]);
  });

  it('never gives more than the burst, however long it was quiet and whatever is given back', () => {
    const throttle = new Throttle(allowance);
    throttle.giveBack('a');
    throttle.take('a', 0);
    throttle.giveBack('a');
    throttle.giveBack('a');
    const later = 1e9;
    expect([0, 1, 2, 3].map((index) => throttle.take('a', later + index) === 0)).toEqual([true, true, true, false]);
  });

  it('stands still when the clock goes back', () => {
    const throttle = new Throttle(allowance);
    for (let index = 0; index < 3; index++) throttle.take('a', 10_000);
    expect(throttle.take('a', 0)).toBe(1_000);
  });

  it('does not grow with the number of those who ask', () => {
    const throttle = new Throttle(allowance);
    for (let index = 0; index < 50_000; index++) throttle.take(`who ${index}`, index);
    expect(throttle.size).toBe(20_000);
  });
});

describe('an address', () => {
  for (const [address, network] of [
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::'],
    ['2001:db8:1:2::9', '2001:db8:1:2::'],
    ['2001:0DB8:0001:0002::9', '2001:db8:1:2::'],
    ['2001:db8::9', '2001:db8:0:0::'],
    ['::1', '0:0:0:0::'],
    ['fe80::1%eth0', 'fe80:0:0:0::'],
  ] as const) {
    it(`${address} is of ${network}`, () => expect(networkOf(address)).toBe(network));
  }
});
