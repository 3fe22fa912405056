import { MemoryEventStore } from '@strata/event-store';
import { Identity, MeddledLog, PASSWORD } from '../identity.fixtures.js';
import type { Somebody } from '../identity.fixtures.js';

let cloud: Identity;
let acme: string;
let bob: Somebody;
beforeEach(async () => {
  cloud = await Identity.open();
  acme = await cloud.tenant('acme');
  bob = await cloud.user(acme, 'operator', 'bob');
});
afterEach(() => cloud.close());

const code = (status: number, it: string) => ({ status, body: { code: it } });
const make = (body: object, key = bob.key, headers: Record<string, string> = {}) =>
  cloud.ask(key, 'POST /v1/keys', { body: { name: 'laptop', ...body }, headers });

describe('a key', () => {
  it('shows its secret once, is good at once, and is found by id and by name', async () => {
    const { status, body } = await make({});
    expect(status).toBe(201);
    const { secret, ...shown } = body;
    expect(secret).toMatch(/^strata_key_/);
    expect(shown).toMatchObject({ name: 'laptop', kind: 'key', role: 'operator', userId: bob.userId, tenantId: acme });
    expect(await cloud.ask(String(secret), 'GET /v1/keys')).toMatchObject({ status: 200 });
    for (const word of ['laptop', String(shown['id'])]) {
      const again = await cloud.get(bob.key, `GET /v1/keys/${word}`);
      expect(again).toEqual({ ...shown, lastUsedAt: cloud.clock.now() });
      expect(JSON.stringify(again)).not.toContain(String(secret).slice(-43));
    }
  });

  it('that was asked for twice with one Idempotency-Key is one; the repeat does not show the secret again', async () => {
    const headers = { 'idempotency-key': 'once' };
    const first = await make({}, bob.key, headers);
    // Until the first answer is stored, a repeat gets the answer in flight.
    await new Promise((resolve) => setTimeout(resolve, 20));
    const second = await make({}, bob.key, headers);
    expect(first.body['secret']).toMatch(/^strata_key_/);
    expect(second.body).toEqual({ ...first.body, secret: null });
    expect(second.headers).toMatchObject({ 'idempotency-replayed': 'true' });
    expect((await cloud.get(bob.key, 'GET /v1/keys'))['items']).toHaveLength(2);
  });

  it('is revoked by id or name, and unknown from then on', async () => {
    const { body } = await make({});
    expect(await cloud.ask(bob.key, 'DELETE /v1/keys/laptop')).toMatchObject({
      status: 200,
      body: { status: 'revoked' },
    });
    expect(await cloud.ask(String(body['secret']), 'GET /v1/keys')).toMatchObject(code(401, 'auth.required'));
    expect(await cloud.ask(bob.key, `GET /v1/keys/${String(body['id'])}`)).toMatchObject(code(404, 'key.not-found'));
  });

  it('whose name several have is to be called by its id', async () => {
    await make({});
    await make({});
    expect(await cloud.ask(bob.key, 'DELETE /v1/keys/laptop')).toMatchObject(code(409, 'key.ambiguous'));
  });

  it('of somebody else is unknown, unless one is an administrator of no lower role', async () => {
    const vera = await cloud.user(acme, 'viewer', 'vera');
    const admin = await cloud.user(acme, 'admin', 'ada');
    const owner = await cloud.user(acme, 'owner', 'olga');
    const other = await cloud.user(await cloud.tenant('other'), 'owner', 'otto');
    const remove = (by: Somebody, whose: Somebody) => cloud.ask(by.key, `DELETE /v1/keys/${whose.keyId}`);
    expect(await remove(vera, bob)).toMatchObject(code(404, 'key.not-found'));
    expect(await remove(other, bob)).toMatchObject(code(404, 'key.not-found'));
    expect(await remove(admin, owner)).toMatchObject(code(403, 'auth.forbidden'));
    expect(await cloud.ask(vera.key, 'GET /v1/keys?user=all')).toMatchObject(code(403, 'auth.forbidden'));
    expect(await cloud.ask(vera.key, 'GET /v1/keys?user=bob')).toMatchObject(code(404, 'user.not-found'));
    expect((await cloud.get(vera.key, 'GET /v1/keys'))['items']).toMatchObject([{ id: vera.keyId }]);
    expect((await cloud.get(admin.key, 'GET /v1/keys?user=bob'))['items']).toMatchObject([{ id: bob.keyId }]);
    expect((await cloud.get(admin.key, 'GET /v1/keys?user=all'))['items']).toHaveLength(4);
    expect(await remove(admin, bob)).toMatchObject({ status: 200 });
  });

  it('is at most a hundred of a user', async () => {
    for (let index = 1; index < 100; index++) await make({ name: `k${index}` });
    expect(await make({})).toMatchObject(code(409, 'key.too-many'));
    await cloud.get(bob.key, 'DELETE /v1/keys/k7');
    expect(await make({})).toMatchObject({ status: 201 });
  }, 30_000);

  it('is only looked at with validateOnly, which shows no secret', async () => {
    const looked = await cloud.ask(bob.key, 'POST /v1/keys?validateOnly=true', { body: { name: 'laptop' } });
    expect(looked).toMatchObject({ status: 201, body: { name: 'laptop', secret: null } });
    expect((await cloud.get(bob.key, 'GET /v1/keys'))['items']).toHaveLength(1);
  });

  it('is for a program when an administrator makes it for a user who never logs in', async () => {
    const admin = await cloud.user(acme, 'admin', 'ada');
    const { body } = await make({ name: 'ci', user: 'bob', readOnly: true }, admin.key);
    expect(body).toMatchObject({ userId: bob.userId, role: 'operator', readOnly: true });
    await cloud.user(acme, 'owner', 'olga');
    expect(await make({ user: 'olga' }, admin.key)).toMatchObject(code(403, 'auth.forbidden'));
    expect(await make({ user: 'bob' }, (await cloud.user(acme, 'viewer', 'vera')).key)).toMatchObject({ status: 404 });
  });

  it('is not made where the user has no role of its own', async () => {
    const headers = { 'strata-tenant': acme };
    expect(await make({}, cloud.admin, headers)).toMatchObject(code(403, 'auth.forbidden'));
  });
});

describe('a key whose user loses the role in the same moment', () => {
  it('is not handed out, and does not wait until the role is given back', async () => {
    const log = new MeddledLog('KeyCreated');
    const meddled = await Identity.open({ store: new MemoryEventStore(log) });
    const tenantId = await meddled.tenant('acme');
    const eve = await meddled.user(tenantId, 'operator', 'eve', { password: PASSWORD });
    const headers = { 'strata-tenant': tenantId };
    const grant = { headers, body: { role: 'operator' } };
    const made = async (make: () => Promise<unknown>) => {
      log.meanwhile = () => meddled.get(meddled.admin, 'DELETE /v1/users/eve/role', { headers });
      const answer = await make();
      await meddled.get(meddled.admin, 'PUT /v1/users/eve/role', grant);
      const created = await log.read(0, 1_000, { types: ['KeyCreated'] });
      const revoked = await log.read(0, 1_000, { types: ['KeyRevoked'] });
      expect(revoked.map(({ stream }) => stream)).toContain(created.at(-1)?.stream);
      return answer;
    };
    const key = await made(() => meddled.ask(eve.key, 'POST /v1/keys', { body: { name: 'late' } }));
    expect(key).toMatchObject(code(403, 'auth.forbidden'));
    const session = await made(() => meddled.login('eve', PASSWORD, { tenant: 'acme' }));
    expect(session).toMatchObject(code(401, 'login.failed'));
    await meddled.close();
  });
});

describe('the end of a key', () => {
  it('comes at its time: then it is as unknown as one that never was, and shown as expired for a day', async () => {
    const { body } = await make({ expiresAt: '2026-01-01T01:00:00Z' });
    const key = String(body['secret']);
    cloud.clock.advance(3_599_999);
    expect(await cloud.ask(key, 'GET /v1/keys')).toMatchObject({ status: 200 });
    cloud.clock.advance(1);
    const told = async (bearer: string) => {
      const { status, body: it } = await cloud.ask(bearer, 'GET /v1/keys');
      return JSON.stringify([status, it]).replace(/req_\w+/, '');
    };
    expect(await told(key)).toBe(await told(`${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`));
    expect(await cloud.get(bob.key, 'GET /v1/keys/laptop')).toMatchObject({ status: 'expired' });
    for (let hour = 0; hour < 26; hour++) cloud.clock.advance(3_600_000);
    await cloud.until('it is gone', async () => (await cloud.ask(bob.key, 'GET /v1/keys/laptop')).status === 404);
    const [revoked] = await cloud.store.log.read(0, 1_000, { types: ['KeyRevoked'] });
    expect(revoked).toMatchObject({ stream: `${acme}/key-${String(body['id'])}`, data: { reason: 'it has expired' } });
  });

  it('does not lie in the past', async () => {
    expect(await make({ expiresAt: '2025-12-31T23:59:59Z' })).toMatchObject(code(400, 'request.invalid'));
  });
});

describe('the scope of a key', () => {
  it('is a role below the own', async () => {
    const admin = await cloud.user(acme, 'admin', 'ada');
    const { body } = await make({ role: 'viewer' }, admin.key);
    expect(await cloud.ask(String(body['secret']), 'GET /v1/users')).toMatchObject(code(403, 'auth.forbidden'));
    expect(await make({ role: 'admin' })).toMatchObject(code(403, 'auth.forbidden'));
  });

  it('is looking without touching', async () => {
    const { body } = await make({ readOnly: true });
    const key = String(body['secret']);
    expect(await cloud.ask(key, 'GET /v1/keys')).toMatchObject({ status: 200 });
    const refused = await make({}, key);
    expect(refused).toMatchObject({
      ...code(403, 'auth.forbidden'),
      body: { detail: 'this key may look and change nothing' },
    });
    expect(await cloud.ask(key, 'DELETE /v1/keys/laptop')).toMatchObject(code(403, 'auth.forbidden'));
  });

  it('is some nouns and no others', async () => {
    const { body } = await make({ only: ['keys'] });
    const key = String(body['secret']);
    expect(await cloud.ask(key, 'GET /v1/keys')).toMatchObject({ status: 200 });
    expect(await cloud.ask(key, 'GET /v1/tenants')).toMatchObject(code(403, 'auth.forbidden'));
    const unknown = await make({ only: ['unicorns'] });
    expect(unknown).toMatchObject(code(400, 'request.invalid'));
    expect(unknown.body['detail']).toContain('instances');
  });

  it('is never wider than that of the key that made it', async () => {
    const admin = await cloud.user(acme, 'admin', 'ada', { password: PASSWORD });
    const end = '2026-01-02T00:00:00.000Z';
    const { body } = await make({ only: ['keys', 'users', 'tenants'], role: 'admin', expiresAt: end }, admin.key);
    const key = String(body['secret']);
    expect(await make({}, key)).toMatchObject({
      status: 201,
      body: { only: ['keys', 'users', 'tenants'], role: 'admin', expiresAt: end },
    });
    expect(await make({ only: ['instances'] }, key)).toMatchObject(code(403, 'auth.forbidden'));
    expect(await make({ role: 'owner' }, key)).toMatchObject(code(403, 'auth.forbidden'));
    expect(await make({ expiresAt: '2026-01-03T00:00:00Z' }, key)).toMatchObject(code(403, 'auth.forbidden'));
    // A user could log in and do all that its role allows.
    expect(await cloud.ask(key, 'GET /v1/users')).toMatchObject({ status: 200 });
    for (const [route, more] of [
      ['POST /v1/users', { name: 'eve', role: 'viewer' }],
      ['PUT /v1/users/bob/role', { role: 'admin' }],
      ['DELETE /v1/users/bob/role', undefined],
      ['DELETE /v1/users/bob', undefined],
      ['PUT /v1/users/bob/password', { password: PASSWORD }],
      ['PUT /v1/users/ada/password', { password: `${PASSWORD} 2`, current: PASSWORD }],
    ] as const) {
      expect(await cloud.ask(key, route, more && { body: more })).toMatchObject(code(403, 'auth.forbidden'));
    }
  });
});
