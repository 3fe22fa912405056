import { Idempotency } from './idempotency.js';
import { MemoryClaims } from './memory-claims.js';
import type { Claimed, StoredAnswer } from './claims.js';

const claimed: Claimed = { tenantId: 'ten_a', key: 'k', requestHash: 'h', at: '2026-01-01T00:00:00.000Z' };
const done: StoredAnswer = { status: 202, body: '{}' };

/** A promise and how to keep it. */
const later = <T>() => {
  let resolve = (_: T) => {};
  const promise = new Promise<T>((keep) => (resolve = keep));
  return { promise, resolve };
};

describe('asking once', () => {
  it('answers before the answer is stored, and repeats find it meanwhile', async () => {
    const stored = later<void>();
    class SlowClaims extends MemoryClaims {
      override async settle(it: Claimed, answer: StoredAnswer) {
        await stored.promise;
        await super.settle(it, answer);
      }
    }
    const claims = new SlowClaims();
    const idempotency = new Idempotency(claims, fail);
    let worked = 0;
    const work = async () => ({ ...done, body: `"${++worked}"` });
    expect(await idempotency.once(claimed, work)).toMatchObject({ replayed: false });
    expect(await idempotency.once(claimed, work)).toMatchObject({ replayed: true, answer: { body: '"1"' } });
    stored.resolve();
    expect(await idempotency.once(claimed, work)).toMatchObject({ replayed: true, answer: { body: '"1"' } });
    expect(worked).toBe(1);
  });

  it('answers also when the answer cannot be stored, and says so; the next one works from the same seed', async () => {
    class FullClaims extends MemoryClaims {
      override async settle(): Promise<void> {
        throw new Error('no space left');
      }
    }
    const warnings: string[] = [];
    const idempotency = new Idempotency(new FullClaims(), (error) => warnings.push(String(error)));
    const seeds: string[] = [];
    const work = async ({ seed }: Readonly<{ seed: string }>) => {
      seeds.push(seed);
      return done;
    };
    await idempotency.once(claimed, work);
    while (warnings.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await idempotency.once(claimed, work);
    expect(new Set(seeds).size).toBe(1);
    expect(warnings[0]).toContain('no space left');
  });

  it('tells what cannot be made again only when it is stored', async () => {
    const refused: StoredAnswer = { status: 409, body: '"no"' };
    const claims = new MemoryClaims();
    await new Idempotency(claims, fail).once(claimed, async () => refused);
    expect(await claims.claim(claimed)).toMatchObject({ answer: refused });

    class FullClaims extends MemoryClaims {
      override async settle(): Promise<void> {
        throw new Error('no space left');
      }
    }
    const asked = new Idempotency(new FullClaims(), fail).once(claimed, async () => refused);
    await expect(asked).rejects.toThrow('no space left');
  });

  it('is tried by the next of those who wait when the first has failed', async () => {
    const idempotency = new Idempotency(new MemoryClaims(), fail);
    const first = later<StoredAnswer>();
    const outcomes = [first.promise, Promise.resolve({ status: 503, body: '' }), Promise.resolve(done)];
    const work = () => outcomes.shift() ?? Promise.reject(new Error('too often'));
    const asked = Array.from({ length: 5 }, () => idempotency.once(claimed, work));
    const failing = idempotency.once({ ...claimed, key: 'other' }, () => Promise.reject(new Error('an accident')));
    await expect(failing).rejects.toThrow('an accident');
    first.resolve({ status: 500, body: '' });
    const all = await Promise.all(asked);
    expect(all.map(({ answer, replayed }) => [answer.status, replayed])).toEqual([
      [500, false],
      [503, false],
      [202, false],
      [202, true],
      [202, true],
    ]);
  });
});

const fail = (error: unknown) => {
  throw error;
};
