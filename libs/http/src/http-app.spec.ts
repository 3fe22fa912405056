import { Controller, Get, Module } from '@nestjs/common';
import type { LoggerService } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Problem, endpoint, mutationQuery } from '@strata/contracts';
import type { AnswerOf, Role } from '@strata/contracts';
import { Clock, ManualClock } from '@strata/event-store';
import { reject } from '@strata/event-sourcing';
import { connect } from 'node:net';
import { z } from 'zod';
import { Asked, Claims, Implement, MemoryClaims, Principals, createHttpApp, problem } from './index.js';

// ── A small cloud of cups ─────────────────────────────────────────

const CupView = z.object({ id: z.string(), size: z.number(), commandId: z.string(), tenantId: z.string() });
const cups = {
  create: endpoint({
    method: 'post',
    path: '/v1/cups',
    summary: 'Create a cup',
    tag: 'cups',
    access: 'operator',
    query: z.object(mutationQuery),
    body: z.strictObject({ size: z.int().min(1).max(9), fault: z.string().optional(), label: z.string().optional() }),
    status: 202,
    answer: CupView,
    errors: ['instance.busy'],
  }),
  show: endpoint({
    method: 'get',
    path: '/v1/cups/:id',
    summary: 'Show a cup',
    tag: 'cups',
    access: 'viewer',
    params: z.object({ id: z.string().max(10) }),
    query: z.object({ pageSize: z.coerce.number().int().max(5).default(3) }),
    status: 200,
    answer: z.object({ id: z.string(), pageSize: z.number() }),
    errors: [],
  }),
  drop: endpoint({
    method: 'delete',
    path: '/v1/cups/:id',
    summary: 'Drop a cup',
    tag: 'cups',
    access: 'admin',
    params: z.object({ id: z.string() }),
    status: 204,
    answer: z.undefined(),
    errors: [],
  }),
  public: endpoint({
    method: 'get',
    path: '/v1/menu',
    summary: 'What there is',
    tag: 'cups',
    access: 'anonymous',
    status: 200,
    answer: z.object({ userId: z.string() }),
    errors: [],
  }),
};

const SECRET = 'hunter2-in-an-error';
const faults: Readonly<Record<string, () => unknown>> = {
  secret: () => new Error(`the password is ${SECRET}`),
  rejected: () => Object.assign(new Error(), { rejection: reject('instance.busy', 'wait', { operationId: 'op_1' }) }),
  'undeclared code': () => Object.assign(new Error(), { rejection: reject('cup.broken', SECRET) }),
  problem: () => problem('instance.not-found', 'there is no such cup'),
  'inner zod': () => z.string({ error: SECRET }).safeParse(1).error,
  'no database': () => new Error(SECRET, { cause: Object.assign(new Error(), { code: 'ECONNREFUSED' }) }),
  'no error': () => SECRET,
};

let poured: readonly Asked<typeof cups.create>[] = [];

@Controller()
class CupController {
  @Implement(cups.create)
  async create(@Asked(cups.create) asked: Asked<typeof cups.create>): Promise<AnswerOf<typeof cups.create>> {
    const { body, meta, mint, validateOnly } = asked;
    const fault = faults[body.fault ?? ''];
    if (!validateOnly) poured = [...poured, asked];
    await new Promise((resolve) => setImmediate(resolve));
    if (fault) throw fault();
    return { id: mint('op'), size: body.size, commandId: meta.commandId, tenantId: meta.tenantId };
  }

  @Implement(cups.show)
  show(@Asked(cups.show) { params, query }: Asked<typeof cups.show>) {
    return { id: params.id, pageSize: query.pageSize };
  }

  @Implement(cups.drop)
  drop() {
    return undefined;
  }

  @Implement(cups.public)
  menu(@Asked(cups.public) { principal }: Asked<typeof cups.public>) {
    return { userId: principal.userId };
  }
}

class EveryRole extends Principals {
  override async of(bearer: string) {
    const role = /^key-(viewer|operator|admin|platform-administrator)$/.exec(bearer)?.[1];
    // The pattern above lists roles only.
    return role === undefined
      ? undefined
      : { userId: `user_${role}`, tenantId: 'ten_a', role: role as Role, keyId: bearer };
  }
}

const clock = new ManualClock();

@Module({
  controllers: [CupController],
  providers: [
    { provide: Principals, useClass: EveryRole },
    { provide: Claims, useClass: MemoryClaims },
    { provide: Clock, useValue: clock },
  ],
})
class CupModule {}

class Journal implements LoggerService {
  errors: string[] = [];
  log() {}
  warn() {}
  error(...parts: unknown[]) {
    this.errors = [...this.errors, parts.join(' ')];
  }
}

// ── The ways to ask ───────────────────────────────────────────────

type Sent = Readonly<{ method?: 'POST' | 'PUT' | 'DELETE' | 'GET'; url?: string; payload?: string | object }> &
  Readonly<{ headers?: Readonly<Record<string, string>>; as?: Role | null }>;

const journal = new Journal();
let app: NestFastifyApplication;
let address = '';

beforeAll(async () => {
  app = await createHttpApp(CupModule, { logger: journal });
  await app.listen(0, '127.0.0.1');
  address = await app.getUrl();
});
afterAll(() => app.close());
beforeEach(() => {
  poured = [];
  journal.errors = [];
});

const send = ({ method = 'POST', url = '/v1/cups', payload, headers = {}, as = 'operator' }: Sent) =>
  app.inject({
    method,
    url,
    ...(payload !== undefined && { payload }),
    headers: { ...(as && { authorization: `Bearer key-${as}` }), ...headers },
  });
const create = (payload: object = { size: 1 }, headers: Readonly<Record<string, string>> = {}) =>
  send({ payload, headers });

type Answer = Awaited<ReturnType<typeof send>>;

const expectProblem = (answer: Answer, status: number, code: string) => {
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  const problem = Problem.strict().parse(answer.json());
  expect(problem).toMatchObject({ status, code, requestId: answer.headers['x-request-id'] });
  expect(answer.statusCode).toBe(status);
  expect(answer.body).not.toContain(SECRET);
  return problem;
};

describe('a request', () => {
  it('is checked, handled and answered as the contract says', async () => {
    const answer = await create({ size: 3 });
    expect(answer.statusCode).toBe(202);
    const cup = CupView.parse(answer.json());
    expect(cup).toMatchObject({ size: 3, tenantId: 'ten_a' });
    expect(cup.id).toMatch(/^op_[0-9a-z]{26}$/);
    expect(answer.headers['location']).toBe(`/v1/operations/${cup.id}`);
  });

  it('knows its defaults, coerces its query and names the anonymous', async () => {
    expect((await send({ method: 'GET', url: '/v1/cups/c1' })).json()).toEqual({ id: 'c1', pageSize: 3 });
    expect((await send({ method: 'GET', url: '/v1/cups/c1?pageSize=5' })).json()).toEqual({ id: 'c1', pageSize: 5 });
    expect((await send({ method: 'GET', url: '/v1/menu', as: null })).json()).toEqual({ userId: 'anonymous' });
  });

  it('may end without a document', async () => {
    const answer = await send({ method: 'DELETE', url: '/v1/cups/c1', as: 'admin' });
    expect([answer.statusCode, answer.body]).toEqual([204, '']);
  });

  it('carries an id of the asker, or one of ours, through the answer and into its commands', async () => {
    const ours = await create();
    expect(ours.headers['x-request-id']).toMatch(/^req_[0-9a-z]{26}$/);
    const theirs = await create({ size: 1 }, { 'x-request-id': 'req_abc' });
    expect(theirs.headers['x-request-id']).toBe('req_abc');
    expect(poured.at(-1)).toMatchObject({ meta: { correlationId: 'req_abc', causationId: 'req_abc' } });
    const forged = await create({ size: 1 }, { 'x-request-id': 'req_<script>' });
    expect(forged.headers['x-request-id']).toMatch(/^req_[0-9a-z]{26}$/);
  });

  it('tells browsers to keep nothing and to guess nothing, and does not say what runs here', async () => {
    for (const answer of [await create(), await send({ url: '/nowhere' })]) {
      expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
      expect(answer.headers).not.toHaveProperty('x-powered-by');
      expect(answer.headers).not.toHaveProperty('server');
    }
  });
});

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
    expect(poured).toEqual([]);
  });

  it('is refused for a path or a query that does not fit', async () => {
    const answer = await send({ method: 'GET', url: '/v1/cups/a-name-too-long?pageSize=6' });
    const { errors } = expectProblem(answer, 400, 'request.invalid');
    expect(errors?.map(({ path }) => path)).toEqual(['path.id', 'query.pageSize']);
  });

  const json = { 'content-type': 'application/json' };
  const cases: readonly (readonly [string, Sent, number, string])[] = [
    ['no body', {}, 400, 'request.invalid'],
    ['an empty body that says it is JSON', { payload: '', headers: json }, 400, 'request.invalid'],
    ['null', { payload: 'null', headers: json }, 400, 'request.invalid'],
    ['half a document', { payload: '{"size":', headers: json }, 400, 'request.malformed'],
    ['a poisoned prototype', { payload: '{"size":1,"__proto__":{"a":1}}', headers: json }, 400, 'request.malformed'],
    [
      'a poisoned constructor',
      { payload: '{"size":1,"constructor":{"prototype":{"a":1}}}', headers: json },
      400,
      'request.malformed',
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
      expect(poured).toEqual([]);
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

describe('who asks', () => {
  for (const [what, authorization] of [
    ['nothing', undefined],
    ['an unknown key', 'Bearer key-emperor'],
    ['another scheme', 'Basic a2V5OnZpZXdlcg=='],
    ['two words', 'Bearer key-viewer key-admin'],
  ] as const) {
    it(`must be known: ${what} is not enough`, async () => {
      const answer = await send({ as: null, payload: { size: 1 }, headers: authorization ? { authorization } : {} });
      expectProblem(answer, 401, 'auth.required');
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
    });
  }

  it('needs the role of the endpoint, or a higher one', async () => {
    expectProblem(await send({ as: 'viewer', payload: { size: 1 } }), 403, 'auth.forbidden');
    expectProblem(await send({ as: 'operator', method: 'DELETE', url: '/v1/cups/c' }), 403, 'auth.forbidden');
    expect((await send({ as: 'platform-administrator', payload: { size: 1 } })).statusCode).toBe(202);
    expect(poured).toHaveLength(1);
  });

  it('is told nothing about the body before the role is known', async () => {
    expectProblem(await send({ as: 'viewer', payload: { size: 'wrong' } }), 403, 'auth.forbidden');
  });

  it('may act for another tenant as an administrator of the platform only', async () => {
    const other = { 'strata-tenant': 'ten_b' };
    const payload = { size: 1 };
    const answer = await send({ as: 'platform-administrator', payload, headers: other });
    expect(answer.json()).toMatchObject({ tenantId: 'ten_b' });
    expect(poured).toMatchObject([
      { principal: { tenantId: 'ten_b' }, meta: { actor: 'user_platform-administrator' } },
    ]);
    expectProblem(await send({ as: 'admin', payload, headers: other }), 403, 'auth.forbidden');
    expect((await send({ as: 'admin', payload, headers: { 'strata-tenant': 'ten_a' } })).statusCode).toBe(202);
    const strange = { 'strata-tenant': "ten_b' OR 1=1" };
    expectProblem(await send({ as: 'platform-administrator', payload, headers: strange }), 400, 'request.invalid');
  });
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

  it('to reach the database asks to come again', async () => {
    const answer = await create({ size: 1, fault: 'no database' });
    expectProblem(answer, 503, 'service.unavailable');
    expect(answer.headers['retry-after']).toBe('1');
  });
});

describe('a key', () => {
  const key = (value: string) => ({ 'idempotency-key': value });

  it('makes asking a hundred times at once asking once', async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => create({ size: 1 }, key('hundred'))));
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
    expect(new Set(answers.map(({ headers }) => headers['location'])).size).toBe(1);
    expect(answers.filter(({ headers }) => headers['idempotency-replayed'] === undefined)).toHaveLength(1);
    expect(answers.every(({ statusCode }) => statusCode === 202)).toBe(true);
    expect(poured).toHaveLength(1);
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
    expect(poured).toHaveLength(1);
  });

  it('is another key in another tenant', async () => {
    const headers = { ...key('shared'), 'strata-tenant': 'ten_b' };
    await send({ as: 'platform-administrator', payload: { size: 1 }, headers: key('shared') });
    await send({ as: 'platform-administrator', payload: { size: 1 }, headers });
    expect(poured).toHaveLength(2);
  });

  it('repeats a refusal, and not an accident', async () => {
    const refused = await create({ size: 1, fault: 'problem' }, key('refused'));
    const again = await create({ size: 1, fault: 'problem' }, key('refused'));
    expect(again.json()).toEqual(refused.json());
    expect(again.statusCode).toBe(404);
    expect(poured).toHaveLength(1);

    await create({ size: 1, fault: 'secret' }, key('accident'));
    await create({ size: 1, fault: 'secret' }, key('accident'));
    expect(poured).toHaveLength(3);
    const [, first, second] = poured.map(({ meta }) => meta.commandId);
    expect(first).toBe(second);
  });

  it('is kept for a day', async () => {
    const first = await create({ size: 1 }, key('yesterday'));
    clock.advance(23 * 3_600_000);
    expect((await create({ size: 1 }, key('yesterday'))).body).toBe(first.body);
    clock.advance(2 * 3_600_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect((await create({ size: 1 }, key('yesterday'))).body).not.toBe(first.body);
    expect(poured).toHaveLength(2);
  });

  it('is not used up by a request that only asks whether it may', async () => {
    const url = '/v1/cups?validateOnly=true';
    const asked = await send({ url, payload: { size: 1 }, headers: key('perhaps') });
    expect(asked.statusCode).toBe(202);
    expect(asked.headers).not.toHaveProperty('location');
    expect(poured).toEqual([]);
    expect((await create({ size: 2 }, key('perhaps'))).statusCode).toBe(202);
    expect(poured).toHaveLength(1);
  });
});

describe('an application', () => {
  const starting = (controller: new () => object) => {
    const providers = Reflect.getMetadata('providers', CupModule);
    return createHttpApp({ module: class Odd {}, controllers: [controller], providers }, { logger: journal });
  };

  it('does not start with a route that no contract describes', async () => {
    @Controller()
    class Backdoor {
      @Get('/debug')
      debug() {
        return 'everything';
      }
    }
    await expect(starting(Backdoor)).rejects.toThrow('Backdoor.debug (GET) is not bound by @Implement');
  });

  it('does not compile with a handler that answers, or expects, another shape', () => {
    class Mistaken {
      // @ts-expect-error a show answers `pageSize` too
      @Implement(cups.show)
      short() {
        return { id: 'c' };
      }

      // @ts-expect-error there is no `size` in the question of a show
      @Implement(cups.show)
      strange({ body }: Readonly<{ body: { size: number } }>) {
        return { id: 'c', pageSize: body.size };
      }
    }
    expect(Mistaken.prototype).toHaveProperty('short');
  });

  it('does not start with a handler that asks for another request than it implements', async () => {
    @Controller()
    class Confused {
      @Implement(cups.public)
      menu(@Asked(cups.show) _: Asked<typeof cups.public>) {
        return { userId: 'x' };
      }
    }
    await expect(starting(Confused)).rejects.toThrow('implements get /v1/menu and asks for get /v1/cups/:id');
  });
});

const onTheWire = (text: string): Promise<string> =>
  new Promise((resolve, reject_) => {
    const { port } = new URL(address);
    let heard = '';
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(text));
    socket.on('data', (part) => (heard += String(part)));
    socket.on('error', reject_);
    socket.on('close', () => resolve(heard));
  });
