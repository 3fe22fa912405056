import { Past } from './past.js';
import type { Folded } from './past.js';

/** A state is how far it was folded, and from where. */
const fold = (folds: string[], weight = 10, wait: Promise<unknown> = Promise.resolve()) => {
  return (position: number) =>
    async (earlier: Folded<string> | undefined): Promise<Folded<string>> => {
      folds.push(`${earlier?.position ?? 0}-${position}`);
      await wait;
      return { value: `to ${position}`, position, weight };
    };
};

describe('states of the past', () => {
  it('are folded once, however many ask at the same moment', async () => {
    const folds: string[] = [];
    const past = new Past();
    const to = fold(folds);
    const asked = await Promise.all([7, 7, 7].map((position) => past.at('a', position, to(position))));
    expect([...asked, await past.at('a', 7, to(7))]).toEqual(['to 7', 'to 7', 'to 7', 'to 7']);
    expect(folds).toEqual(['0-7']);
  });

  it('are folded on from the latest earlier one of the same thing', async () => {
    const folds: string[] = [];
    const past = new Past();
    const to = fold(folds);
    for (const position of [10, 30, 20, 25]) await past.at('a', position, to(position));
    await past.at('b', 40, to(40));
    expect(folds).toEqual(['0-10', '10-30', '10-20', '20-25', '0-40']);
  });

  it('are forgotten when they are too many, those first that were asked for longest ago', async () => {
    const folds: string[] = [];
    const past = new Past(1_000);
    const to = fold(folds, 300);
    await past.at('a', 1, to(1));
    await past.at('b', 1, to(1));
    await past.at('a', 1, to(1));
    await past.at('c', 1, to(1));
    expect(past.weight).toBeLessThanOrEqual(1_000);
    await past.at('a', 1, to(1));
    await past.at('b', 1, to(1));
    expect(folds).toEqual(['0-1', '0-1', '0-1', '0-1']);
  });

  it('of any size are kept for the next page, and alone', async () => {
    const folds: string[] = [];
    const past = new Past(1_000);
    await past.at('small', 1, fold(folds, 10)(1));
    const large = fold(folds, 1_000_000);
    for (let pages = 0; pages < 3; pages++) await past.at('large', 1, large(1));
    expect(folds).toEqual(['0-1', '0-1']);
    await past.at('small', 1, fold(folds, 10)(1));
    expect(past.weight).toBeLessThan(1_000);
  });

  it('are folded two at a time, because each takes memory of its own', async () => {
    const folds: string[] = [];
    const past = new Past();
    let go = () => {};
    const to = fold(folds, 10, new Promise<void>((resolve) => (go = resolve)));
    const all = Promise.all([1, 2, 3, 4].map((position) => past.at(`thing ${position}`, position, to(position))));
    await new Promise((resolve) => setImmediate(resolve));
    expect(folds).toHaveLength(2);
    go();
    expect(await all).toEqual(['to 1', 'to 2', 'to 3', 'to 4']);
  });

  it('that cannot be folded now are folded when they are asked for again', async () => {
    const past = new Past();
    const away = async () => {
      throw new Error('the database is away');
    };
    await expect(past.at('a', 1, away)).rejects.toThrow('away');
    await expect(past.at('a', 1, away)).rejects.toThrow('away');
    expect(await past.at('a', 1, fold([])(1))).toBe('to 1');
  });

  it('are given up when nobody looks back any more', async () => {
    const past = new Past(undefined, 10);
    await past.at('a', 1, fold([])(1));
    const deadline = Date.now() + 8_000;
    while (past.weight > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(past.weight).toBe(0);
  });
});
