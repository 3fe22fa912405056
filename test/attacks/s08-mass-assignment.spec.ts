import { z } from 'zod';
import type { Route } from './asking/routes.js';
import { sampleBody } from './asking/values.js';
import { codeOf } from './asking/wire.js';
import { Target } from './target.js';
import { nounOf, settle } from './tenancy.js';
import type { Estate } from './tenancy.js';

/** What nobody who asks may say of a thing. Those that a route does take are left to it. */
const smuggled: Readonly<Record<string, unknown>> = {
  tenantId: 'ten_default',
  ownerId: 'user_admin',
  userId: 'user_admin',
  actor: 'user_admin',
  role: 'platform-administrator',
  hostId: 'host_sim0001',
  poolId: 'pool_sim0001',
  address: '10.0.0.1',
  mac: '52:54:00:00:00:01',
  status: 'running',
  task: null,
  phase: 'active',
  price: '0.00',
  quota: { instances: 1_000_000 },
  limits: {},
  used: {},
  isPublic: true,
  isAdmin: true,
  createdAt: '2020-01-01T00:00:00.000Z',
  expiresAt: '2999-01-01T00:00:00.000Z',
  version: 7,
  position: 7,
  meta: { tenantId: 'ten_default' },
  commandId: '019aa000-0000-7000-8000-000000000000',
  operationId: 'op_1',
  constructor: { prototype: { polluted: true } },
  prototype: { polluted: true },
  toString: 'no function',
  hasOwnProperty: true,
  validateOnly: true,
};

const Refusal = z.object({ errors: z.array(z.object({ path: z.string(), message: z.string() })) });

describe('S08: fields that nobody may say', () => {
  let target: Target;
  let alfa: Estate;
  beforeAll(async () => {
    target = await Target.start();
    alfa = await settle(target, 'alfa');
  });
  afterAll(() => target.remove());

  const bodied = () => target.api.routes.filter((route) => route.body !== undefined);
  const pathOf = (route: Route) => route.path.replace('{id}', alfa.ids[nounOf(route)] ?? 'inst_none');
  const send = (route: Route, path: string, body: object | string) =>
    target.ask(route.access === 'anonymous' ? undefined : target.server.bearer, `${route.method} ${path}`, body, {
      ...(route.access !== 'anonymous' && { 'strata-tenant': alfa.tenantId }),
    });

  /** What a route does not take of the fields above. */
  const unknownTo = (route: Route) => {
    const { properties = {} } = target.api.resolve(route.body ?? {});
    return Object.entries(smuggled).filter(([name]) => !Object.hasOwn(properties as object, name)); // by JSON Schema
  };

  it('are refused by name in every body, and nothing happens', async () => {
    expect(bodied().length).toBeGreaterThan(12);
    const before = await target.heads();
    const found: string[] = [];
    for (const route of bodied()) {
      const body = sampleBody(target.api, route, 'smuggler');
      for (const [name, value] of unknownTo(route)) {
        const answer = await send(route, pathOf(route), { ...body, [name]: value });
        const refusal = answer.status === 400 ? Refusal.safeParse(JSON.parse(answer.text)).data : undefined;
        const isNamed = refusal?.errors.some((it) => it.path === name && it.message === 'is not known here');
        if (!isNamed) found.push(`${route.name} with ${name}: ${answer.status} ${answer.text.slice(0, 200)}`);
      }
    }
    expect(found).toEqual([]);
    expect(await target.heads()).toEqual(before);
  }, 60_000);

  it('are refused inside the fields that there are, and so is __proto__ wherever it stands', async () => {
    const before = await target.heads();
    const poisons = [
      '{"__proto__":{"polluted":true}}',
      '{"a":{"__proto__":{"polluted":true}}}',
      '{"\\u005f_proto__":1}',
    ];
    for (const route of bodied()) {
      const whole = JSON.stringify(sampleBody(target.api, route, 'smuggler'));
      const bodies = poisons.flatMap((poison) => [
        poison,
        whole.replace(/\}$/, `${whole === '{}' ? '' : ','}"x":${poison}}`),
      ]);
      for (const body of bodies) {
        const answer = await send(route, pathOf(route), body);
        expect([route.name, body, answer.status, codeOf(answer)]).toEqual([route.name, body, 400, 'request.invalid']);
      }
    }
    expect(await target.heads()).toEqual(before);
  }, 30_000);

  it('are refused in the address, too', async () => {
    for (const route of target.api.routes) {
      const { access, inQuery, method, path } = route;
      for (const name of [
        'tenantId',
        'role',
        'admin',
        '__proto__',
        'constructor',
        '__proto__[polluted]',
        'pageSize[$gt]',
      ]) {
        if (inQuery.some((it) => it.name === name)) continue;
        const answer = await send(
          route,
          `${pathOf(route)}?${encodeURIComponent(name)}=1`,
          sampleBody(target.api, route, 'x') ?? {},
        );
        expect([access, method, path, name, answer.status]).toEqual([access, method, path, name, 400]);
      }
    }
  }, 30_000);

  it('twice in the address are no list', async () => {
    for (const route of target.api.routes) {
      for (const { name } of route.inQuery) {
        const answer = await send(
          route,
          `${pathOf(route)}?${name}=1&${name}=2`,
          sampleBody(target.api, route, 'x') ?? {},
        );
        expect([route.name, name, answer.status, codeOf(answer)]).toEqual([route.name, name, 400, 'request.invalid']);
      }
    }
  });

  it('leave the prototype of everything as it was', async () => {
    const { status, text } = await target.ask(alfa.people.owner.key, 'GET /v1/whoami');
    expect(status).toBe(200);
    expect(JSON.parse(text)).not.toHaveProperty('polluted');
    expect(target.testimony.pollution).toEqual([]);
  });
});
