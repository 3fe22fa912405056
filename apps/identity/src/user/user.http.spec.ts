import { MemoryEventStore } from '@strata/event-store';
import { Identity, MeddledLog, PASSWORD } from '../identity.fixtures.js';

let cloud: Identity;
let acme: string;
beforeEach(async () => {
  cloud = await Identity.open();
  acme = await cloud.tenant('acme');
});
afterEach(() => cloud.close());

const code = (status: number, it: string) => ({ status, body: { code: it } });

describe('a user', () => {
  it('is created by an administrator of the tenant, and found by id and by name', async () => {
    const admin = await cloud.user(acme, 'admin', 'ada');
    const body = { name: 'bob', email: 'Bob@Acme.example', displayName: 'Bob Bär', role: 'operator' };
    const made = await cloud.get(admin.key, 'POST /v1/users', { body });
    expect(made).toMatchObject({ ...body, tenantId: acme, status: 'active', canLogIn: false });
    for (const word of ['bob', String(made['id'])]) {
      expect(await cloud.get(admin.key, `GET /v1/users/${word}`)).toEqual(made);
    }
    const { items } = await cloud.get(admin.key, 'GET /v1/users');
    expect(items).toMatchObject([{ name: 'ada' }, { name: 'bob' }]);
  });

  it('has a name and an address that nobody else in the tenant has; in another tenant they are another’s', async () => {
    await cloud.user(acme, 'viewer', 'bob', { email: 'bob@acme.example' });
    const create = (name: string, email: string, tenant = acme) =>
      cloud.ask(cloud.admin, 'POST /v1/users', { body: { name, email }, headers: { 'strata-tenant': tenant } });
    expect(await create('bob', 'other@acme.example')).toMatchObject(code(409, 'user.name-taken'));
    expect(await create('other', 'BOB@acme.example')).toMatchObject(code(409, 'user.name-taken'));
    expect(await create('other', 'other@acme.example')).toMatchObject({ status: 201 });
    expect(await create('bob', 'bob@acme.example', await cloud.tenant('next'))).toMatchObject({ status: 201 });
  });

  it('is made by one of ten who want its name at once', async () => {
    const headers = { 'strata-tenant': acme };
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => cloud.ask(cloud.admin, 'POST /v1/users', { body: { name: 'bob' }, headers })),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect((await cloud.get(cloud.admin, 'GET /v1/users', { headers }))['items']).toHaveLength(1);
  });

  it('that was asked for twice with one key is one, with its password and its role', async () => {
    const body = { name: 'bob', role: 'viewer', password: PASSWORD };
    const headers = { 'strata-tenant': acme, 'idempotency-key': 'once' };
    const answers = [
      await cloud.get(cloud.admin, 'POST /v1/users', { body, headers }),
      await cloud.get(cloud.admin, 'POST /v1/users', { body, headers }),
    ];
    expect(answers[0]).toEqual(answers[1]);
    expect(answers[0]).toMatchObject({ role: 'viewer', canLogIn: true });
    const types = (await cloud.store.log.read(0, 1_000)).map(({ type }) => type);
    expect(types.filter((type) => type === 'UserPasswordSet')).toHaveLength(1);
  });

  it('may take the name of a request that died on the way, after a while', async () => {
    const dead = await cloud.sealing.seal('user_dead', 'person', '{}').then(() => 'user_dead');
    await cloud.sealing.name(dead, [`${acme} bob`], cloud.clock.now());
    const headers = { 'strata-tenant': acme };
    const create = () => cloud.ask(cloud.admin, 'POST /v1/users', { body: { name: 'bob' }, headers });
    expect(await create()).toMatchObject(code(409, 'user.name-taken'));
    cloud.clock.advance(3 * 60_000);
    expect(await create()).toMatchObject({ status: 201 });
  });

  it('of another tenant is as unknown as none', async () => {
    const other = await cloud.user(await cloud.tenant('other'), 'viewer', 'otto');
    const owner = await cloud.user(acme, 'owner', 'olga');
    const told = async (route: string, id: string, body?: object) => {
      const answer = await cloud.ask(owner.key, route.replace('ID', id), body && { body });
      return JSON.stringify([answer.status, answer.body])
        .replaceAll(id, 'ID')
        .replace(/req_\w+/, '');
    };
    for (const [route, body] of [
      ['GET /v1/users/ID'],
      ['DELETE /v1/users/ID'],
      ['PUT /v1/users/ID/role', { role: 'viewer' }],
      ['DELETE /v1/users/ID/role'],
      ['PUT /v1/users/ID/password', { password: PASSWORD }],
      ['GET /v1/keys?user=ID'],
      ['POST /v1/keys', { name: 'k', user: 'ID' }],
    ] as const) {
      const named = (id: string) => body && ('user' in body ? { ...body, user: id } : body);
      const theirs = await told(route, other.userId, named(other.userId));
      expect(theirs).toBe(
        await told(route, 'user_00000000000000000000000000', named('user_00000000000000000000000000')),
      );
      expect(theirs).toContain('user.not-found');
    }
  });

  it('who is no administrator is shown itself, and nobody else', async () => {
    const viewer = await cloud.user(acme, 'viewer', 'vera');
    const other = await cloud.user(acme, 'viewer', 'otto');
    expect(await cloud.get(viewer.key, 'GET /v1/users/vera')).toMatchObject({ name: 'vera', role: 'viewer' });
    expect(await cloud.ask(viewer.key, `GET /v1/users/${other.userId}`)).toMatchObject(code(404, 'user.not-found'));
    expect(await cloud.ask(viewer.key, 'GET /v1/users')).toMatchObject(code(403, 'auth.forbidden'));
  });

  it('is only looked at with validateOnly', async () => {
    const headers = { 'strata-tenant': acme };
    const body = { name: 'bob', role: 'viewer', password: PASSWORD };
    const looked = await cloud.ask(cloud.admin, 'POST /v1/users?validateOnly=true', { body, headers });
    expect(looked).toMatchObject({ status: 201, body: { name: 'bob', role: 'viewer' } });
    expect(await cloud.ask(cloud.admin, 'GET /v1/users/bob', { headers })).toMatchObject(code(404, 'user.not-found'));
    const { userId } = await cloud.user(acme, 'viewer', 'bob');
    for (const route of [
      `DELETE /v1/users/${userId}?validateOnly=true`,
      `DELETE /v1/users/${userId}/role?validateOnly=true`,
    ]) {
      expect(await cloud.ask(cloud.admin, route, { headers })).toMatchObject({ status: 200 });
    }
    expect(await cloud.get(cloud.admin, 'GET /v1/users/bob', { headers })).toMatchObject({ role: 'viewer' });
    expect(await cloud.ask(cloud.admin, 'POST /v1/users?validateOnly=true', { body, headers })).toMatchObject(
      code(409, 'user.name-taken'),
    );
  });
});

describe('a role', () => {
  it('is given and taken by an administrator, at most the own, and holds at once', async () => {
    const admin = await cloud.user(acme, 'admin', 'ada');
    const bob = await cloud.user(acme, 'viewer', 'bob');
    const grant = (role: string, key = admin.key) => cloud.ask(key, 'PUT /v1/users/bob/role', { body: { role } });
    expect(await cloud.ask(bob.key, 'GET /v1/users')).toMatchObject({ status: 403 });
    expect(await grant('admin', bob.key)).toMatchObject(code(403, 'auth.forbidden'));
    expect(await grant('admin')).toMatchObject({ status: 200, body: { role: 'admin' } });
    // The key was made for a viewer, and stays one.
    expect(await cloud.ask(bob.key, 'GET /v1/users')).toMatchObject({ status: 403 });
    for (const role of ['owner', 'platform-administrator']) {
      expect(await grant(role)).toMatchObject(code(403, 'auth.forbidden'));
    }
    expect(await cloud.ask(admin.key, 'DELETE /v1/users/bob/role')).toMatchObject({
      status: 200,
      body: { role: null },
    });
    expect(await cloud.ask(bob.key, 'GET /v1/keys')).toMatchObject(code(401, 'auth.required'));
  });

  it('that is lowered lowers every key at once', async () => {
    const bob = await cloud.user(acme, 'admin', 'bob');
    expect(await cloud.ask(bob.key, 'GET /v1/users')).toMatchObject({ status: 200 });
    const headers = { 'strata-tenant': acme };
    await cloud.get(cloud.admin, 'PUT /v1/users/bob/role', { headers, body: { role: 'viewer' } });
    expect(await cloud.ask(bob.key, 'GET /v1/users')).toMatchObject(code(403, 'auth.forbidden'));
  });

  it('that is given back does not bring the old keys back', async () => {
    const bob = await cloud.user(acme, 'viewer', 'bob');
    const headers = { 'strata-tenant': acme };
    await cloud.get(cloud.admin, 'DELETE /v1/users/bob/role', { headers });
    await cloud.get(cloud.admin, 'PUT /v1/users/bob/role', { headers, body: { role: 'viewer' } });
    expect(await cloud.ask(bob.key, 'GET /v1/keys')).toMatchObject(code(401, 'auth.required'));
    await cloud.until('the log says that the key was revoked', async () => {
      const revoked = await cloud.store.log.read(0, 1_000, { types: ['KeyRevoked'] });
      return revoked.some(({ data }) => 'reason' in data && data.reason === 'the role was revoked');
    });
  });

  it('of the last owner stays', async () => {
    const owner = await cloud.user(acme, 'owner', 'olga');
    expect(await cloud.ask(owner.key, 'DELETE /v1/users/olga/role')).toMatchObject(code(409, 'tenant.last-owner'));
    expect(await cloud.ask(owner.key, 'DELETE /v1/users/olga')).toMatchObject(code(409, 'tenant.last-owner'));
    await cloud.user(acme, 'owner', 'otto');
    expect(await cloud.ask(owner.key, 'DELETE /v1/users/olga/role')).toMatchObject({ status: 200 });
  });

  it('of the first administrator stays', async () => {
    for (const route of ['DELETE /v1/users/admin/role', 'DELETE /v1/users/admin']) {
      expect(await cloud.ask(cloud.admin, route)).toMatchObject(code(409, 'user.protected'));
    }
  });

  it('that is given to a user who is deleted in the same moment is none', async () => {
    const log = new MeddledLog('RoleGranted');
    const meddled = await Identity.open({ store: new MemoryEventStore(log) });
    const tenantId = await meddled.tenant('acme');
    const headers = { 'strata-tenant': tenantId };
    const { userId } = await meddled.user(tenantId, 'viewer', 'eve');
    await meddled.user(tenantId, 'owner', 'olga');
    // By another process: within one, the commands of a stream wait for one another.
    const at = meddled.clock.now();
    const because = { at, tenantId, actor: 'user_admin', correlationId: 'req_1', causationId: 'req_1' };
    log.meanwhile = async () => {
      await log.append({
        stream: `${tenantId}/user-${userId}`,
        expectedVersion: 1,
        events: [{ type: 'UserDeleted', data: { tenantId, userId, at } }],
        meta: { ...because, commandId: '019aa000-0000-7000-8000-000000000000' },
      });
      await meddled.settled();
    };
    const grant = { headers, body: { role: 'owner' } };
    const late = await meddled.ask(meddled.admin, `PUT /v1/users/${userId}/role`, grant);
    expect(late).toMatchObject(code(404, 'user.not-found'));
    // A ghost would count as an owner, and the last one could go.
    expect(await meddled.ask(meddled.admin, 'DELETE /v1/users/olga/role', { headers })).toMatchObject(
      code(409, 'tenant.last-owner'),
    );
    await meddled.close();
  });

  it('in a tenant that is the platform itself is none', async () => {
    const headers = { 'strata-tenant': 'ten_platform' };
    const create = cloud.ask(cloud.admin, 'POST /v1/users', { headers, body: { name: 'bob' } });
    expect(await create).toMatchObject(code(404, 'tenant.not-found'));
  });
});

describe('a password', () => {
  it('is changed by who knows the current one; other sessions end', async () => {
    await cloud.user(acme, 'viewer', 'bob', { password: PASSWORD });
    const [mine, other] = await Promise.all([1, 2].map(() => cloud.login('bob', PASSWORD, { tenant: 'acme' })));
    const key = String(mine?.body['key']);
    const change = (current: string | undefined) =>
      cloud.ask(key, 'PUT /v1/users/bob/password', { body: { password: 'a much longer secret', current } });
    expect(await change(undefined)).toMatchObject(code(401, 'login.failed'));
    expect(await change('a wrong guess')).toMatchObject(code(401, 'login.failed'));
    expect(await change(PASSWORD)).toMatchObject({ status: 200, body: { canLogIn: true } });
    expect(await cloud.ask(key, 'GET /v1/keys')).toMatchObject({ status: 200 });
    expect(await cloud.ask(String(other?.body['key']), 'GET /v1/keys')).toMatchObject(code(401, 'auth.required'));
    expect(await cloud.login('bob', PASSWORD, { tenant: 'acme' })).toMatchObject(code(401, 'login.failed'));
    expect(await cloud.login('bob', 'a much longer secret', { tenant: 'acme' })).toMatchObject({ status: 201 });
  });

  it('is set anew by an administrator of no lower role, for users of the own tenant alone', async () => {
    const admin = await cloud.user(acme, 'admin', 'ada');
    await cloud.user(acme, 'owner', 'olga', { password: PASSWORD });
    const bob = await cloud.user(acme, 'viewer', 'bob');
    const set = (who: string) =>
      cloud.ask(admin.key, `PUT /v1/users/${who}/password`, { body: { password: PASSWORD } });
    expect(await set('bob')).toMatchObject({ status: 200, body: { canLogIn: true } });
    expect(await set('olga')).toMatchObject(code(403, 'auth.forbidden'));
    // A role elsewhere would be taken over with the password.
    const headers = { 'strata-tenant': await cloud.tenant('other') };
    await cloud.get(cloud.admin, `PUT /v1/users/${bob.userId}/role`, { headers, body: { role: 'viewer' } });
    expect(await set('bob')).toMatchObject(code(409, 'user.elsewhere'));
    const guest = await cloud.user(await cloud.tenant('third'), 'viewer', 'gast');
    const here = { headers: { 'strata-tenant': acme }, body: { role: 'viewer' } };
    await cloud.get(cloud.admin, `PUT /v1/users/${guest.userId}/role`, here);
    expect(await set(guest.userId)).toMatchObject(code(409, 'user.elsewhere'));
    expect(await cloud.ask(admin.key, `DELETE /v1/users/${guest.userId}`)).toMatchObject(code(409, 'user.elsewhere'));
  });

  it('is not what a key can make: who has none gets the first one from an administrator', async () => {
    const viewer = await cloud.user(acme, 'viewer', 'vera');
    const body = { password: PASSWORD };
    expect(await cloud.ask(viewer.key, 'PUT /v1/users/vera/password', { body })).toMatchObject({ status: 403 });
    // The first administrator is one, and begins without a password.
    expect(await cloud.ask(cloud.admin, 'PUT /v1/users/admin/password', { body })).toMatchObject({ status: 200 });
    expect(await cloud.login('admin', PASSWORD)).toMatchObject({
      status: 201,
      body: { role: 'platform-administrator' },
    });
  });

  it('is long enough', async () => {
    const headers = { 'strata-tenant': acme };
    const short = { headers, body: { name: 'bob', password: 'elevenchars' } };
    expect(await cloud.ask(cloud.admin, 'POST /v1/users', short)).toMatchObject(code(400, 'request.invalid'));
  });
});
