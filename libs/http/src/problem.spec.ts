import { Problem } from '@strata/contracts';
import { connect } from 'node:net';
import { expectProblem, openShop } from './cups.fixtures.js';

const { create, journal, poured, port, send } = openShop();

describe('a request that is not valid', () => {
  it('hears of everything that is wrong at once', async () => {
    const answer = await send({
      url: '/v1/cups?validateOnly=maybe&why=1',
      payload: { size: 99, label: 7, colour: 'x' },
    });
    const { errors } = expectProblem(answer, 400, 'request.invalid');
    expect(errors?.map(({ path }) => path).toSorted()).toEqual([
      'colour',
      'label',
      'query.validateOnly',
      'query.why',
      'size',
    ]);
    expect(poured()).toEqual([]);
  });

  it('is refused for a path or a query that does not fit', async () => {
    const answer = await send({ method: 'GET', url: '/v1/cups/a-name-too-long?pageSize=6' });
    const { errors } = expectProblem(answer, 400, 'request.invalid');
    expect(errors?.map(({ path }) => path)).toEqual(['path.id', 'query.pageSize']);
  });

  const json = { 'content-type': 'application/json' };
  const cases: readonly (readonly [string, Parameters<typeof send>[0], number, string])[] = [
    ['no body', {}, 400, 'request.invalid'],
    ['an empty body that says it is JSON', { payload: '', headers: json }, 400, 'request.invalid'],
    ['null', { payload: 'null', headers: json }, 400, 'request.invalid'],
    ['half a document', { payload: '{"size":', headers: json }, 400, 'request.malformed'],
    ['a poisoned prototype', { payload: '{"size":1,"__proto__":{"a":1}}', headers: json }, 400, 'request.invalid'],
    [
      'a poisoned constructor',
      { payload: '{"size":1,"constructor":{"prototype":{"a":1}}}', headers: json },
      400,
      'request.invalid',
    ],
    ['100,000 brackets', { payload: '['.repeat(100_000) + ']'.repeat(100_000), headers: json }, 400, 'request.invalid'],
    [
      'a form',
      { payload: 'size=1', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      415,
      'request.media-type',
    ],
    ['plain text', { payload: '{"size":1}', headers: { 'content-type': 'text/plain' } }, 415, 'request.media-type'],
    ['more than 1 MiB', { payload: { size: 1, label: 'x'.repeat(1024 * 1024) } }, 413, 'request.too-large'],
    ['an unknown route', { url: '/v1/teapots' }, 404, 'route.not-found'],
    ['a wrong method', { method: 'PUT', payload: { size: 1 } }, 404, 'route.not-found'],
    ['an address that cannot be read', { method: 'GET', url: '/v1/cups/%zz' }, 400, 'request.malformed'],
    ['a path part beyond all bounds', { method: 'GET', url: `/v1/cups/${'x'.repeat(200)}` }, 400, 'request.malformed'],
    ['an empty key', { payload: { size: 1 }, headers: { 'idempotency-key': '' } }, 400, 'request.invalid'],
    [
      'a key too long',
      { payload: { size: 1 }, headers: { 'idempotency-key': 'k'.repeat(256) } },
      400,
      'request.invalid',
    ],
  ];
  for (const [what, sent, status, code] of cases) {
    it(`is a problem: ${what}`, async () => {
      expectProblem(await send(sent), status, code);
      expect(poured()).toEqual([]);
      expect(journal.errors).toEqual([]);
    });
  }

  for (const [what, text, code] of [
    ['no HTTP at all', 'HELLO\r\n\r\n', 'request.malformed'],
    [
      'a header beyond all bounds',
      `GET / HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`,
      'request.too-large',
    ],
  ] as const) {
    it(`is a problem even on the wire: ${what}`, async () => {
      const answer = await onTheWire(text);
      expect(answer).toContain('content-type: application/problem+json');
      expect(Problem.parse(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))))).toMatchObject({ code });
    });
  }
});

describe('a failure', () => {
  it('that was foreseen keeps its code, its sentence and its details', async () => {
    const busy = expectProblem(await create({ size: 1, fault: 'rejected' }), 409, 'instance.busy');
    expect(busy).toMatchObject({ detail: 'wait', details: { operationId: 'op_1' }, type: '/problems/instance.busy' });
    expectProblem(await create({ size: 1, fault: 'problem' }), 404, 'instance.not-found');
    expect(journal.errors).toEqual([]);
  });

  for (const fault of ['secret', 'undeclared code', 'inner zod', 'no error']) {
    it(`of ours says nothing of its inside and is logged once: ${fault}`, async () => {
      const { requestId } = expectProblem(await create({ size: 1, fault }), 500, 'internal.error');
      expect(journal.errors).toHaveLength(1);
      expect(journal.errors[0]).toContain(requestId);
    });
  }

  it('leaves its stack in the log', async () => {
    await create({ size: 1, fault: 'secret' });
    expect(journal.errors[0]).toMatch(/hunter2[\s\S]+\n\s+at /);
  });

  it('of those who ask too often says when to come again', async () => {
    const answer = await create({ size: 1, fault: 'throttled' });
    expectProblem(answer, 429, 'login.throttled');
    expect(answer.headers['retry-after']).toBe('7');
  });

  it('to reach the database asks to come again', async () => {
    const answer = await create({ size: 1, fault: 'no database' });
    expectProblem(answer, 503, 'service.unavailable');
    expect(answer.headers['retry-after']).toBe('1');
  });

  it('of the disk, which is full, asks to come again when there is space', async () => {
    const answer = await create({ size: 1, fault: 'no space' });
    expectProblem(answer, 507, 'storage.full');
    expect(answer.headers['retry-after']).toBe('10');
  });

  it('that a hundred requests meet at once is logged once at most', async () => {
    await Promise.all(Array.from({ length: 100 }, () => create({ size: 1, fault: 'no database' })));
    // Not even once, where the test before was just told of another.
    expect(journal.errors.length).toBeLessThanOrEqual(1);
  });
});

const onTheWire = (text: string): Promise<string> =>
  new Promise((resolve, reject_) => {
    let heard = '';
    const socket = connect(port(), '127.0.0.1', () => socket.write(text));
    socket.on('data', (part) => (heard += String(part)));
    socket.on('error', reject_);
    socket.on('close', () => resolve(heard));
  });
