import { Identity, PASSWORD } from '../identity.fixtures.js';

let cloud: Identity;
let acme: string;
beforeEach(async () => {
  cloud = await Identity.open();
  acme = await cloud.tenant('acme');
});
afterEach(() => cloud.close());

const code = (status: number, it: string) => ({ status, body: { code: it } });
const anna = (role: 'viewer' | 'owner' = 'viewer') =>
  cloud.user(acme, role, 'anna', { email: 'Anna@Acme.example', password: PASSWORD });

describe('a login', () => {
  it('takes the name or the address, in whatever case, and begins a session of twelve hours', async () => {
    const { userId } = await anna();
    for (const user of ['anna', 'ANNA', 'anna@acme.example', 'Anna@Acme.EXAMPLE']) {
      for (const tenant of ['acme', acme]) {
        const { status, body } = await cloud.login(user, PASSWORD, { tenant });
        expect([status, body]).toMatchObject([201, { userId, name: 'anna', tenantId: acme, role: 'viewer' }]);
        expect(body['expiresAt']).toBe('2026-01-01T12:00:00.000Z');
        expect(await cloud.ask(String(body['key']), 'GET /v1/keys')).toMatchObject({ status: 200 });
      }
    }
  });

  it('ends after twelve hours, and when its key is revoked', async () => {
    await anna();
    const [one, two] = [
      await cloud.login('anna', PASSWORD, { tenant: 'acme' }),
      await cloud.login('anna', PASSWORD, { tenant: 'acme' }),
    ];
    const [first, second] = [String(one.body['key']), String(two.body['key'])];
    await cloud.get(first, `DELETE /v1/keys/${String(one.body['keyId'])}`);
    expect(await cloud.ask(first, 'GET /v1/keys')).toMatchObject(code(401, 'auth.required'));
    cloud.clock.advance(12 * 3_600_000 - 1);
    expect(await cloud.ask(second, 'GET /v1/keys')).toMatchObject({ status: 200 });
    cloud.clock.advance(1);
    expect(await cloud.ask(second, 'GET /v1/keys')).toMatchObject(code(401, 'auth.required'));
  });

  it('knows its own session also while it acts for another tenant', async () => {
    const { userId } = await anna();
    const headers = { 'strata-tenant': await cloud.tenant('other') };
    await cloud.get(cloud.admin, `PUT /v1/users/${userId}/role`, { headers, body: { role: 'viewer' } });
    const { body } = await cloud.login('anna', PASSWORD, { tenant: 'acme' });
    const route = `DELETE /v1/keys/${String(body['keyId'])}`;
    expect(await cloud.ask(String(body['key']), route, { headers })).toMatchObject({ status: 200 });
    expect(await cloud.ask(String(body['key']), 'GET /v1/keys')).toMatchObject({ status: 401 });
  });

  it('follows the role of its user, up and down', async () => {
    await anna('viewer');
    const { body } = await cloud.login('anna', PASSWORD, { tenant: 'acme' });
    const session = String(body['key']);
    const headers = { 'strata-tenant': acme };
    const grant = (role: string) => cloud.get(cloud.admin, 'PUT /v1/users/anna/role', { headers, body: { role } });
    expect(await cloud.ask(session, 'GET /v1/users')).toMatchObject({ status: 403 });
    await grant('admin');
    expect(await cloud.ask(session, 'GET /v1/users')).toMatchObject({ status: 200 });
    await grant('viewer');
    expect(await cloud.ask(session, 'GET /v1/users')).toMatchObject({ status: 403 });
  });

  it('of a user who has a role elsewhere only, acts there', async () => {
    const { userId } = await anna();
    const other = await cloud.tenant('other');
    const role = { headers: { 'strata-tenant': other }, body: { role: 'operator' } };
    await cloud.get(cloud.admin, `PUT /v1/users/${userId}/role`, role);
    await cloud.get(cloud.admin, 'DELETE /v1/users/anna/role', { headers: { 'strata-tenant': acme } });
    const { body } = await cloud.login('anna', PASSWORD, { tenant: 'acme' });
    expect(body).toMatchObject({ tenantId: other, role: 'operator', name: 'anna' });
  });

  it('keeps the twenty newest sessions', async () => {
    await anna();
    const keys: string[] = [];
    for (let index = 0; index < 22; index++) {
      keys.push(String((await cloud.login('anna', PASSWORD, { tenant: 'acme' })).body['key']));
    }
    const good = await Promise.all(keys.map(async (key) => (await cloud.ask(key, 'GET /v1/keys')).status === 200));
    expect(good.slice(0, 2)).toEqual([false, false]);
    expect(good.slice(2).every(Boolean)).toBe(true);
  }, 30_000);

  it('makes keys that outlive it', async () => {
    await anna();
    const { body } = await cloud.login('anna', PASSWORD, { tenant: 'acme' });
    const key = await cloud.get(String(body['key']), 'POST /v1/keys', { body: { name: 'laptop' } });
    expect(key).toMatchObject({ expiresAt: null, kind: 'key' });
  });

  it('is given to nobody whose password is right and whose roles are gone', async () => {
    await anna();
    await cloud.get(cloud.admin, 'DELETE /v1/users/anna/role', { headers: { 'strata-tenant': acme } });
    expect(await cloud.login('anna', PASSWORD, { tenant: 'acme' })).toMatchObject(code(401, 'login.failed'));
  });

  it('does not remember an Idempotency-Key: two of the unknown would share it', async () => {
    await anna();
    const body = { user: 'anna', password: PASSWORD, tenant: 'acme' };
    const headers = { 'idempotency-key': 'k' };
    const ask = () => cloud.ask(undefined, 'POST /v1/login', { body, headers });
    const [one, two] = [await ask(), await ask()];
    expect(one.body['key']).not.toBe(two.body['key']);
    expect(two.headers).not.toHaveProperty('idempotency-replayed');
  });
});
