import { validate, version } from 'uuid';
import type { Claimed, Claims } from '../claims.js';

/** What every memory of Idempotency-Keys must do. */
export const isAMemoryOfKeys = (name: string, make: () => Promise<Claims>) => {
  describe(`${name} is a memory of keys`, () => {
    let claims: Claims;
    beforeAll(async () => {
      claims = await make();
    });

    const claimed = (key: string, other: Partial<Claimed> = {}): Claimed => ({
      tenantId: 'ten_a',
      key,
      requestHash: 'hash',
      at: '2026-01-02T00:00:00.000Z',
      ...other,
    });
    const answer = { status: 202, body: '{"id":"op_1","text":"ü\\u0000\u{1f600}"}' };

    it('gives the first claim a seed and no answer', async () => {
      const { seed, ...rest } = await claims.claim(claimed('fresh'));
      expect(validate(seed) && version(seed)).toBe(7);
      expect(rest).toEqual({
        since: '2026-01-02T00:00:00.000Z',
        isRepeat: false,
        answer: undefined,
        accidents: 0,
        mismatch: false,
      });
    });

    it('gives fifty claims at once one seed', async () => {
      const all = await Promise.all(Array.from({ length: 50 }, () => claims.claim(claimed('crowd'))));
      expect(new Set(all.map(({ seed }) => seed)).size).toBe(1);
    });

    it('tells a repeat that it is one, and since when', async () => {
      const { seed } = await claims.claim(claimed('again'));
      const again = await claims.claim(claimed('again', { at: '2026-01-02T01:00:00.000Z' }));
      expect(again).toMatchObject({ seed, since: '2026-01-02T00:00:00.000Z', isRepeat: true });
    });

    it('keeps a refusal', async () => {
      const refusal = { status: 409, body: '{"code":"instance.busy"}' };
      await Promise.all(
        ['no', 'yes'].map(async (key) => {
          await claims.claim(claimed(key));
          await claims.settle(claimed(key), key === 'no' ? refusal : answer, key === 'no' ? 'now' : 'soon');
        }),
      );
      expect(await claims.claim(claimed('no'))).toMatchObject({ answer: refusal });
      expect(await claims.claim(claimed('yes'))).toMatchObject({ answer });
    });

    it('keeps the answer to the byte, and the first one only', async () => {
      await claims.claim(claimed('kept'));
      await claims.settle(claimed('kept'), answer, 'soon');
      await claims.settle(claimed('kept'), { status: 200, body: 'another' }, 'soon');
      expect(await claims.claim(claimed('kept'))).toMatchObject({ answer, mismatch: false });
    });

    it('keeps an answer without a document', async () => {
      await claims.claim(claimed('empty'));
      await claims.settle(claimed('empty'), { status: 204, body: '' }, 'soon');
      expect(await claims.claim(claimed('empty'))).toMatchObject({ answer: { status: 204, body: '' } });
    });

    it('tells when the key belongs to another request, whose answer stays', async () => {
      await claims.claim(claimed('taken'));
      const other = claimed('taken', { requestHash: 'other' });
      expect(await claims.claim(other)).toMatchObject({ mismatch: true });
      await claims.settle(other, answer, 'soon');
      expect(await claims.claim(claimed('taken'))).toMatchObject({ answer: undefined, mismatch: false });
    });

    it('keeps tenants apart, whatever their keys look like', async () => {
      const a = await claims.claim(claimed('x y', { tenantId: 'ten_a' }));
      const b = await claims.claim(claimed('x y', { tenantId: 'ten_b' }));
      const c = await claims.claim(claimed('y', { tenantId: 'ten_a x' }));
      expect(new Set([a.seed, b.seed, c.seed]).size).toBe(3);
    });

    it('takes any text for a key and a body', async () => {
      const key = `'; DROP TABLE http_claim; -- "\\ ${'k'.repeat(200)}`;
      const { seed } = await claims.claim(claimed(key));
      expect(await claims.claim(claimed(key))).toMatchObject({ seed });
    });

    it('forgets what is old, and only that', async () => {
      const old = await claims.claim(claimed('old', { at: '2026-01-01T00:00:00.000Z' }));
      const { seed } = await claims.claim(claimed('young'));
      expect(await claims.forget('2026-01-01T12:00:00.000Z')).toBe(1);
      expect(await claims.claim(claimed('young'))).toMatchObject({ seed });
      expect((await claims.claim(claimed('old'))).seed).not.toBe(old.seed);
    });
  });
};
