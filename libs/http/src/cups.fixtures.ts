import { Controller, Module } from '@nestjs/common';
import type { LoggerService } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Problem, asOf, endpoint, mutationQuery } from '@strata/contracts';
import type { AnswerOf, Role } from '@strata/contracts';
import { Clock, ManualClock } from '@strata/event-store';
import { reject } from '@strata/event-sourcing';
import { z } from 'zod';
import type { Claimed, StoredAnswer } from './index.js';
import { AsOf, Asked, Claims, Implement, MemoryClaims, Principals, createHttpApp, problem } from './index.js';

// ── A small cloud of cups: what it offers ────────────────────────

export const CupView = z.object({ id: z.string(), size: z.number(), commandId: z.string(), tenantId: z.string() });
export const cups = {
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
    query: asOf.extend({ pageSize: z.coerce.number().int().max(5).default(3) }),
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
  engrave: endpoint({
    method: 'post',
    path: '/v1/cups/:id/engraving',
    summary: 'Engrave a cup with a secret, and get another one for it',
    tag: 'engravings',
    access: 'operator',
    params: z.object({ id: z.string() }),
    query: z.object(mutationQuery),
    body: z.strictObject({ words: z.string() }),
    secretBody: true,
    shownOnce: ['secret'],
    status: 201,
    answer: z.object({ id: z.string(), secret: z.string().nullable() }),
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
    timeless: 'menus are written in chalk',
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
  throttled: () => problem('login.throttled', 'later', { retryAfterSeconds: 7 }),
  'no space': () => Object.assign(new Error(SECRET), { code: '53100' }),
  'no error': () => SECRET,
};

// ── Who serves it ─────────────────────────────────────────────────

/** What reached a handler, in order, and was no question only. */
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
    const body = { id: params.id, pageSize: query.pageSize };
    return query.at ? new AsOf(body, 7, '2026-11-22T09:08:07.000Z') : new AsOf(body, 9);
  }

  @Implement(cups.drop)
  drop() {
    return undefined;
  }

  @Implement(cups.engrave)
  engrave(@Asked(cups.engrave) { params, mint }: Asked<typeof cups.engrave>) {
    return { id: params.id, secret: `secret ${mint('cup')}` };
  }

  @Implement(cups.public)
  menu(@Asked(cups.public) { principal }: Asked<typeof cups.public>) {
    return { userId: principal.userId };
  }
}

const KEY = /^key-(viewer|operator|admin|owner|platform-administrator)(?:\+(looks|cups))?(?:\+\d)?$/;

class EveryRole extends Principals {
  override async of(bearer: string) {
    const [, role, limit] = KEY.exec(bearer) ?? [];
    if (role === undefined) return undefined;
    // The pattern above lists roles only.
    const principal = { userId: `user_${role}`, tenantId: 'ten_a', role: role as Role, keyId: bearer };
    if (limit === 'looks') return { ...principal, readOnly: true as const };
    return limit === 'cups' ? { ...principal, only: ['cups'] } : principal;
  }
}

const clock = new ManualClock();

/** Keeps what it is given where a spec can look at it. */
class OpenClaims extends MemoryClaims {
  override settle(claimed: Claimed, answer: StoredAnswer) {
    kept = [...kept, { claimed, answer }];
    return super.settle(claimed, answer);
  }
}
let kept: readonly Readonly<{ claimed: Claimed; answer: StoredAnswer }>[] = [];

@Module({
  controllers: [CupController],
  providers: [
    { provide: Principals, useClass: EveryRole },
    { provide: Claims, useClass: OpenClaims },
    { provide: Clock, useValue: clock },
  ],
})
export class CupModule {}

export class Journal implements LoggerService {
  errors: string[] = [];
  log() {}
  warn() {}
  error(...parts: unknown[]) {
    this.errors = [...this.errors, parts.join(' ')];
  }
}

// ── The ways to ask ───────────────────────────────────────────────

type Sent = Readonly<{
  method?: 'POST' | 'PUT' | 'DELETE' | 'GET';
  url?: string;
  payload?: string | object;
  headers?: Readonly<Record<string, string>>;
  as?: Role | `${Role}+${string}` | null;
}>;
type Answer = Awaited<ReturnType<NestFastifyApplication['inject']>>;

/** Opens a shop for the specs of one file, and asks it over HTTP. */
export const openShop = () => {
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
    kept = [];
    journal.errors = [];
  });

  const send = ({ method = 'POST', url = '/v1/cups', payload, headers = {}, as = 'operator' }: Sent): Promise<Answer> =>
    app.inject({
      method,
      url,
      ...(payload !== undefined && { payload }),
      headers: { ...(as && { authorization: `Bearer key-${as}` }), ...headers },
    });
  return {
    journal,
    clock,
    send,
    create: (payload: object = { size: 1 }, headers: Readonly<Record<string, string>> = {}) =>
      send({ payload, headers }),
    poured: () => poured,
    kept: () => kept,
    port: () => Number(new URL(address).port),
  };
};

/** A whole problem document with the request's id, and nothing of our inside in it. */
export const expectProblem = (answer: Answer, status: number, code: string) => {
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  const told = Problem.strict().parse(answer.json());
  expect(told).toMatchObject({ status, code, requestId: answer.headers['x-request-id'] });
  expect(answer.statusCode).toBe(status);
  expect(answer.body).not.toContain(SECRET);
  return told;
};
