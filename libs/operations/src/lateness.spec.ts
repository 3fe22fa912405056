import { Lateness } from './lateness.js';

describe('lateness', () => {
  it('is none while what is in hand is fresh, or nothing is in hand', () => {
    const lateness = new Lateness();
    expect(lateness.forMs(0)).toBe(0);
    lateness.begin(1_000, 1_100);
    expect(lateness.forMs(1_200)).toBe(0);
    lateness.end();
    expect(lateness.forMs(99_000)).toBe(0);
  });

  it('counts from when it began, over everything that comes late in a row', () => {
    const lateness = new Lateness();
    for (let now = 10_000; now < 12_000; now += 100) {
      lateness.begin(now - 500, now);
      lateness.end();
    }
    lateness.begin(11_500, 12_000);
    expect(lateness.forMs(12_000)).toBe(2_000);
  });

  it('is forgotten with the first thing that is in time again', () => {
    const lateness = new Lateness();
    lateness.begin(0, 5_000);
    expect(lateness.forMs(5_400)).toBe(400);
    lateness.begin(5_300, 5_400);
    expect(lateness.forMs(5_500)).toBe(0);
  });

  it('comes over what is in hand for too long', () => {
    const lateness = new Lateness();
    lateness.begin(0, 10);
    expect(lateness.forMs(300)).toBe(0);
    expect(lateness.forMs(2_300)).toBe(2_000);
  });
});
