import { endpoint, isAtLeast, roles } from '@strata/contracts';
import type { Role } from '@strata/contracts';
import { typeid } from 'typeid-js';
import { z } from 'zod';
import { Api } from './asking/routes.js';
import type { Route } from './asking/routes.js';
import { sampleBody } from './asking/values.js';
import type { Answer } from './asking/wire.js';
import { codeOf } from './asking/wire.js';
import { Target } from './target.js';
import { everybodys, expired, nounOf, revoked, settle, unknownLike } from './tenancy.js';
import type { Estate } from './tenancy.js';

type Asker = Readonly<{ key?: string; tenant?: string }>;

describe('S01: every route of the document, asked by everybody with the ids of a tenant', () => {
  let target: Target;
  let alfa: Estate;
  let bravo: Estate;
  /** The ids of all requests that were to be refused. */
  const refused: string[] = [];

  beforeAll(async () => {
    target = await Target.start();
    [alfa, bravo] = await Promise.all([settle(target, 'alfa'), settle(target, 'bravo')]);
  });
  afterAll(() => target.remove());

  const wantsOnlyAnAnswer = (route: Route) => route.inQuery.some(({ name }) => name === 'validateOnly');
  const idFor = (route: Route): string => alfa.ids[nounOf(route)] ?? alfa.ids['instances'] ?? '';

  /** Asks with an id in the path. Who is to be let in only looks whether it would be; who is not tries it in earnest. */
  const ask = async (route: Route, { key, tenant }: Asker, { id = idFor(route), inEarnest = false } = {}) => {
    const requestId = typeid('req').toString();
    if (inEarnest) refused.push(requestId);
    const path = route.path.replace('{id}', id) + (wantsOnlyAnAnswer(route) && !inEarnest ? '?validateOnly=true' : '');
    const body = route.method === 'GET' ? undefined : sampleBody(target.api, route, 'attacker');
    return target.ask(key, `${route.method} ${path}`, body, {
      'x-request-id': requestId,
      ...(tenant !== undefined && { 'strata-tenant': tenant }),
    });
  };

  /** Asks every route and tells the answers that are not as they should be. */
  const faults = async (
    wanted: (route: Route) => boolean,
    look: (route: Route) => Promise<string | undefined>,
  ): Promise<readonly string[]> => {
    const routes = target.api.routes.filter(wanted);
    expect(routes.length).toBeGreaterThan(10);
    const found: string[] = [];
    for (const route of routes) {
      const fault = await look(route);
      if (fault !== undefined) found.push(`${route.method} ${route.path}: ${fault}`);
    }
    return found;
  };
  const said = (answer: Answer) => `${answer.status} ${codeOf(answer) ?? ''}`;
  const closed = ({ access }: Route) => access !== 'anonymous';

  it('lets nobody in unknown, but where the document says so', async () => {
    const open = target.api.routes.filter((route) => !closed(route)).map(({ name }) => name);
    expect(open.toSorted()).toEqual(['login.login', 'platform.health', 'platform.openapi', 'platform.ready']);
    const keys = {
      nobody: undefined,
      'whoever invents a key': `strata_${alfa.people.owner.keyId}_${'A'.repeat(43)}`,
      'whose key has expired': await expired(target, alfa),
      'whose key was revoked': await revoked(target, alfa),
    };
    for (const [who, key] of Object.entries(keys)) {
      const found = await faults(closed, async (route) => {
        const answer = await ask(route, { ...(key !== undefined && { key }) }, { inEarnest: true });
        return said(answer) === '401 auth.required' ? undefined : `${who} is told ${said(answer)}`;
      });
      expect(found).toEqual([]);
    }
  }, 60_000);

  const keyOf = (role: Role) => (role === 'platform-administrator' ? target.server.bearer : alfa.people[role].key);
  for (const role of roles) {
    it(`gives a key of the role ${role} what it may do, and refuses the rest`, async () => {
      const found = await faults(closed, async (route) => {
        // By the line before, it is a role.
        const mayAsk = isAtLeast(role, route.access as Role);
        // The ids are those of this tenant; where there is none, whoever asks is at home.
        const tenant = route.inPath.length > 0 ? { tenant: alfa.tenantId } : {};
        const answer = await ask(route, { key: keyOf(role), ...tenant }, { inEarnest: !mayAsk });
        if (!mayAsk) return said(answer) === '403 auth.forbidden' ? undefined : `is not refused but ${said(answer)}`;
        return answer.status === 401 || answer.status >= 500 || codeOf(answer) === 'auth.forbidden'
          ? `is refused: ${said(answer)}`
          : undefined;
      });
      expect(found).toEqual([]);
    }, 60_000);
  }

  it('answers the owner of another tenant exactly as if the ids were of nothing', async () => {
    const { key } = bravo.people.owner;
    const found = await faults(
      (route) => closed(route) && route.inPath.length > 0 && !Object.hasOwn(everybodys, nounOf(route)),
      async (route) => {
        if (!isAtLeast('owner', route.access as Role)) return undefined; // Refused above, whatever the id.
        const id = idFor(route);
        const nothing = unknownLike(id);
        const theirs = await ask(route, { key }, { id, inEarnest: true });
        const unknown = await ask(route, { key }, { id: nothing, inEarnest: true });
        const isAlike = tellsTheSame(theirs, unknown, id, nothing);
        return theirs.status === 404 && isAlike ? undefined : `told ${theirs.text}, and of nothing ${unknown.text}`;
      },
    );
    expect(found).toEqual([]);
  });

  it('lets the owner of another tenant act for nobody else by naming the tenant', async () => {
    for (const tenant of [alfa.tenantId, 'alfa']) {
      const found = await faults(closed, async (route) => {
        const answer = await ask(route, { key: bravo.people.owner.key, tenant }, { inEarnest: true });
        return said(answer) === '403 auth.forbidden' ? undefined : said(answer);
      });
      expect(found).toEqual([]);
    }
  }, 30_000);

  it('gives a key that may only look, or is for other things, no more than that', async () => {
    const reader = await target.somebody(alfa.tenantId, 'owner', 'reader', { readOnly: true });
    const narrow = await target.somebody(alfa.tenantId, 'owner', 'narrow', { only: ['login'] });
    const found = [
      ...(await faults(
        (route) => closed(route) && route.method !== 'GET',
        async (route) => {
          const answer = await ask(route, { key: reader.key }, { inEarnest: true });
          return said(answer) === '403 auth.forbidden' ? undefined : `a reader is told ${said(answer)}`;
        },
      )),
      ...(await faults(closed, async (route) => {
        const answer = await ask(route, { key: narrow.key }, { inEarnest: true });
        return said(answer) === '403 auth.forbidden' ? undefined : `a key for other things is told ${said(answer)}`;
      })),
    ];
    expect(found).toEqual([]);
  }, 30_000);

  it('leaves no event of all that was refused', async () => {
    expect(refused.length).toBeGreaterThan(450);
    expect(await target.eventsOf(refused)).toEqual([]);
  });

  it('has a rule for each: a document, and a contract, without one is none', () => {
    const route = { operationId: 'a.b', parameters: [], responses: { 200: {} } };
    const without = { paths: { '/v1/a': { get: route } }, components: { schemas: {} } };
    expect(() => Api.read(without)).toThrow('x-strata-access');
    const parts = {
      method: 'get',
      path: '/v1/a',
      summary: '',
      tag: 'a',
      status: 200,
      answer: z.string(),
      errors: [],
    } as const;
    // @ts-expect-error nobody says who may ask
    expect(endpoint(parts)).toBe(parts);
  });
});

/** The same but for the id that was asked for and the request's own. */
const tellsTheSame = (a: Answer, b: Answer, idOfA: string, idOfB: string): boolean => {
  const plain = ({ text }: Answer, id: string) => text.replaceAll(id, 'ID').replace(/req_[0-9a-z]+/g, 'REQ');
  return a.status === b.status && plain(a, idOfA) === plain(b, idOfB);
};
