import { Controller, Module } from '@nestjs/common';
import type { LoggerService } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Problem, endpoint, mutationQuery } from '@strata/contracts';
import type { AnswerOf, Role } from '@strata/contracts';
import { Clock, ManualClock } from '@strata/event-store';
import { reject } from '@strata/event-sourcing';
import { z } from 'zod';
import { Asked, Claims, Implement, MemoryClaims, Principals, createHttpApp, problem } from './index.js';

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
    const role = /^key-(viewer|operator|admin|owner|platform-administrator)$/.exec(bearer)?.[1];
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
  as?: Role | null;
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
