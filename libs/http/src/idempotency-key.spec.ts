import { expectProblem, openShop } from './cups.fixtures.js';

const { clock, create, kept, poured, send } = openShop();

describe('a key', () => {
  const key = (value: string) => ({ 'idempotency-key': value });

  it('makes asking a hundred times at once asking once', async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => create({ size: 1 }, key('hundred'))));
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
    expect(new Set(answers.map(({ headers }) => headers['location'])).size).toBe(1);
    expect(answers.filter(({ headers }) => headers['idempotency-replayed'] === undefined)).toHaveLength(1);
    expect(answers.every(({ statusCode }) => statusCode === 202)).toBe(true);
    expect(poured()).toHaveLength(1);
  });

  it('gives the answer of the first time to a repeat, however its JSON is laid out', async () => {
    const first = await create({ size: 2, label: 'a' }, key('layout'));
    const second = await create({ label: 'a', size: 2 }, key('layout'));
    expect(second.body).toBe(first.body);
    expect(second.headers).toMatchObject({ 'idempotency-replayed': 'true', location: first.headers['location'] });
  });

  it('belongs to one request: another body, person or path is refused', async () => {
    await create({ size: 2 }, key('mine'));
    expectProblem(await create({ size: 3 }, key('mine')), 422, 'idempotency.mismatch');
    expectProblem(await send({ as: 'admin', payload: { size: 2 }, headers: key('mine') }), 422, 'idempotency.mismatch');
    const drop = await send({ as: 'admin', method: 'DELETE', url: '/v1/cups/c', headers: key('mine') });
    expectProblem(drop, 422, 'idempotency.mismatch');
    expect(poured()).toHaveLength(1);
  });

  it('is another key in another tenant', async () => {
    const headers = { ...key('shared'), 'strata-tenant': 'ten_b' };
    await send({ as: 'platform-administrator', payload: { size: 1 }, headers: key('shared') });
    await send({ as: 'platform-administrator', payload: { size: 1 }, headers });
    expect(poured()).toHaveLength(2);
  });

  it('repeats a refusal, and not an accident', async () => {
    const refused = await create({ size: 1, fault: 'problem' }, key('refused'));
    const again = await create({ size: 1, fault: 'problem' }, key('refused'));
    expect(again.json()).toEqual(refused.json());
    expect(again.statusCode).toBe(404);
    expect(poured()).toHaveLength(1);

    await create({ size: 1, fault: 'secret' }, key('accident'));
    await create({ size: 1, fault: 'secret' }, key('accident'));
    expect(poured()).toHaveLength(3);
    const [, first, second] = poured().map(({ meta }) => meta.commandId);
    expect(first).toBe(second);
  });

  it('repeats what was asked too often as a new question', async () => {
    await create({ size: 1, fault: 'throttled' }, key('later'));
    await create({ size: 1, fault: 'throttled' }, key('later'));
    expect(poured()).toHaveLength(2);
  });

  it('does not keep what is shown once: repeats are told the rest', async () => {
    const engrave = (as: 'operator' | 'operator+1' = 'operator', words = 'w') =>
      send({ as, url: '/v1/cups/c/engraving', payload: { words }, headers: key('secret') });
    const first = await engrave();
    expect(first.json()).toMatchObject({ id: 'c', secret: expect.stringMatching(/^secret cup_/) });
    while (kept().length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(JSON.stringify(kept())).not.toContain('secret cup_');
    await new Promise((resolve) => setImmediate(resolve));
    expect((await engrave()).json()).toEqual({ id: 'c', secret: null });
    // The same person with another key is another asker, who must not be told secrets of this one.
    expectProblem(await engrave('operator+1'), 422, 'idempotency.mismatch');
  });

  it('keeps no digest of a secret that was sent, which guesses could be compared with', async () => {
    const digests = new Set<string>();
    for (const as of ['operator', 'operator+1'] as const) {
      const headers = key(`digest of ${as}`);
      await send({ as, url: '/v1/cups/c/engraving', payload: { words: 'hunter2' }, headers });
    }
    while (kept().length < 2) await new Promise((resolve) => setImmediate(resolve));
    for (const { claimed } of kept()) digests.add(claimed.requestHash);
    // Same method, path, person, query and body: what differs is the key in hand, which is kept nowhere.
    expect(digests.size).toBe(2);
  });

  it('is kept for a day', async () => {
    const first = await create({ size: 1 }, key('yesterday'));
    clock.advance(23 * 3_600_000);
    expect((await create({ size: 1 }, key('yesterday'))).body).toBe(first.body);
    clock.advance(2 * 3_600_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect((await create({ size: 1 }, key('yesterday'))).body).not.toBe(first.body);
    expect(poured()).toHaveLength(2);
  });

  it('is not used up by a request that only asks whether it may', async () => {
    const url = '/v1/cups?validateOnly=true';
    const asked = await send({ url, payload: { size: 1 }, headers: key('perhaps') });
    expect(asked.statusCode).toBe(202);
    expect(asked.headers).not.toHaveProperty('location');
    expect(poured()).toEqual([]);
    expect((await create({ size: 2 }, key('perhaps'))).statusCode).toBe(202);
    expect(poured()).toHaveLength(1);
  });
});
