import { Identity, PASSWORD } from './identity.fixtures.js';
import type { Told } from './identity.fixtures.js';

let identity: Identity;
beforeEach(async () => {
  identity = await Identity.open();
});
afterEach(() => identity.close());

type Question = Readonly<{ key: string; path: string; tenant: string }>;

/** When a key was used last is kept in no log. */
const asLogged = ({ status, body }: Told) =>
  JSON.stringify([status, body], (name, it: unknown) => (name === 'lastUsedAt' || name === 'requestId' ? null : it));

const ask = ({ key, path, tenant }: Question, at?: string) =>
  identity.ask(key, `GET ${path}${at === undefined ? '' : `${path.includes('?') ? '&' : '?'}at=${at}`}`, {
    headers: { 'strata-tenant': tenant },
  });

describe('tenants, users and keys', () => {
  it('are answered as they were, by position and by time', async () => {
    const { admin, clock } = identity;
    const questions: Question[] = [{ key: admin, path: '/v1/tenants', tenant: 'ten_default' }];
    const about = (key: string, tenant: string, ...paths: readonly string[]) =>
      questions.push(...paths.map((path) => ({ key, path, tenant })));
    const then: Readonly<{ question: Question; position: string; time: string; said: string }>[] = [];
    const look = async () => {
      clock.advance(1_000);
      const time = clock.now();
      for (const question of questions) {
        const told = await ask(question);
        const named = told.headers['strata-position'];
        const position = typeof named === 'string' ? named : String(await identity.store.log.head());
        then.push({ question, position, time, said: asLogged(told) });
      }
      clock.advance(1_000);
    };

    await look();
    const acme = await identity.tenant('acme');
    const owner = await identity.user(acme, 'owner', 'olga', { password: PASSWORD });
    about(admin, acme, '/v1/users', '/v1/keys?user=all', `/v1/tenants/${acme}`, '/v1/tenants/acme');
    about(owner.key, acme, '/v1/tenants', '/v1/users', '/v1/users/olga', '/v1/keys', `/v1/keys/${owner.keyId}`);
    await look();
    const zeta = await identity.tenant('zeta');
    const guest = await identity.user(zeta, 'viewer', 'gast');
    about(owner.key, acme, `/v1/users/${guest.userId}`);
    await look();
    const grant = (role: string) =>
      identity.get(admin, `PUT /v1/users/${guest.userId}/role`, {
        headers: { 'strata-tenant': acme },
        body: { role },
      });
    await grant('operator');
    await look();
    await grant('admin');
    const { id: keyId } = await identity.get(owner.key, 'POST /v1/keys', { body: { name: 'robot', readOnly: true } });
    about(owner.key, acme, `/v1/keys/${String(keyId)}`, '/v1/keys/robot');
    await look();
    await identity.login('olga', PASSWORD, { tenant: 'acme' });
    await look();
    await identity.get(owner.key, `DELETE /v1/keys/${String(keyId)}`);
    await look();
    await identity.get(admin, `DELETE /v1/users/${guest.userId}/role`, { headers: { 'strata-tenant': acme } });
    await look();

    expect(new Set(then.map(({ said }) => said)).size).toBeGreaterThan(15);
    for (const { question, position, time, said } of then) {
      for (const at of [position, time])
        expect([question, at, asLogged(await ask(question, at))]).toEqual([question, at, said]);
    }
  });

  it('end by themselves at their time, which no event tells', async () => {
    const { admin, clock } = identity;
    const expiresAt = new Date(Date.parse(clock.now()) + 5_000).toISOString();
    const { id } = await identity.get(admin, 'POST /v1/keys', { body: { name: 'brief', expiresAt } });
    const question = { key: admin, path: `/v1/keys/${String(id)}`, tenant: 'ten_default' };
    const times: string[] = [];
    for (let seconds = 0; seconds < 4; seconds++) {
      clock.advance(2_000);
      times.push(clock.now());
    }
    const statuses = await Promise.all(times.map(async (time) => (await ask(question, time)).body['status']));
    expect(statuses).toEqual(['active', 'active', 'expired', 'expired']);
  });

  it('keep what may be seen to those who may see it now', async () => {
    const { admin, clock } = identity;
    const acme = await identity.tenant('acme');
    const zeta = await identity.tenant('zeta');
    const spy = await identity.user(acme, 'owner', 'spy');
    const victim = await identity.user(zeta, 'viewer', 'victim');
    const head = await identity.store.log.head();
    clock.advance(1_000);
    for (const path of ['/v1/tenants', '/v1/users', '/v1/keys?user=all']) {
      const { body } = await ask({ key: spy.key, path, tenant: acme }, String(head));
      expect(JSON.stringify(body)).not.toMatch(/zeta|victim/);
      expect(JSON.stringify(body)).not.toContain(victim.userId);
    }
    for (const path of [`/v1/tenants/${zeta}`, `/v1/users/${victim.userId}`, `/v1/keys/${victim.keyId}`]) {
      expect(await ask({ key: spy.key, path, tenant: acme }, String(head))).toMatchObject({ status: 404 });
      expect(await ask({ key: victim.key, path, tenant: zeta }, String(head))).toMatchObject({ status: 200 });
    }
    await identity.get(admin, `DELETE /v1/tenants/${zeta}`);
    expect(await ask({ key: admin, path: `/v1/tenants/${zeta}`, tenant: 'ten_default' })).toMatchObject({
      status: 404,
    });
    const past = await ask({ key: admin, path: '/v1/tenants/zeta', tenant: 'ten_default' }, String(head));
    expect(past).toMatchObject({ status: 200, body: { id: zeta, name: 'zeta' } });
    expect(await ask({ key: spy.key, path: '/v1/tenants/zeta', tenant: acme }, String(head))).toMatchObject({
      status: 404,
    });
  });

  it('do not bring back who was erased', async () => {
    const { admin } = identity;
    const acme = await identity.tenant('acme');
    const { userId } = await identity.user(acme, 'viewer', 'vera', { email: 'vera@example.org' });
    const head = await identity.store.log.head();
    const headers = { 'strata-tenant': acme };
    await identity.get(admin, `DELETE /v1/users/${userId}`, { headers });
    const question = { key: admin, path: '/v1/users', tenant: acme };
    await identity.until('she is forgotten', async () => {
      const { body } = await ask(question, String(head));
      return JSON.stringify(body).includes('(erased)');
    });
    const { body } = await ask(question, String(head));
    expect(body).toMatchObject({ items: [{ id: userId, name: '(erased)', email: null, role: 'viewer' }] });
    expect((await ask({ ...question, path: '/v1/users/vera' }, String(head))).status).toBe(404);
  });
});
