import { api, isAtLeast, roles } from '@strata/contracts';
import type { Endpoint, Role } from '@strata/contracts';
import { TestPlatform } from '../platform.js';
import type { Somebody } from '../people.js';

/** S06: no credential makes a stronger one, and none outlives the right that it came from. */

const PASSWORD = 'correct horse battery staple';

let platform: TestPlatform;
let acme: string;
let people: Readonly<Record<'viewer' | 'operator' | 'admin' | 'owner', Somebody>>;
beforeAll(async () => {
  platform = await TestPlatform.withPeople();
  acme = await platform.people.tenant('acme');
  const user = (role: Role) => platform.people.user(acme, role, `the-${role}`, { password: PASSWORD });
  people = {
    viewer: await user('viewer'),
    operator: await user('operator'),
    admin: await user('admin'),
    owner: await user('owner'),
  };
});
afterAll(() => platform.close());

const ask = async (as: string, method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object) => {
  const { status, body: answered } = await platform.ask(method, path, body, { as });
  return { status, body: answered as Readonly<Record<string, unknown>> };
};
const refused = { status: 403, body: { code: 'auth.forbidden' } };

describe('S06: a key makes no stronger key', () => {
  const tried: readonly (readonly [string, object, object])[] = [
    ['a higher role', { role: 'viewer' }, { role: 'operator' }],
    ['another noun', { only: ['keys'] }, { only: ['keys', 'instances'] }],
    ['a later end', { expiresAt: '2999-01-01T00:00:00Z' }, { expiresAt: '2999-01-01T00:00:01Z' }],
  ];
  for (const [what, has, wants] of tried) {
    it(`with ${what}`, async () => {
      const { key } = await platform.people.key(acme, { user: people.admin.userId, ...has });
      expect(await ask(key, 'POST', '/v1/keys', { name: 'stronger', ...wants })).toMatchObject(refused);
    });
  }

  it('by saying nothing: what is left out is inherited', async () => {
    const scope = { role: 'viewer', only: ['keys'], expiresAt: '2999-01-01T00:00:00.000Z' };
    const { key } = await platform.people.key(acme, { user: people.admin.userId, ...scope });
    expect(await ask(key, 'POST', '/v1/keys', { name: 'child' })).toMatchObject({ status: 201, body: scope });
  });

  it('for somebody above', async () => {
    for (const [who, whom] of [
      ['viewer', 'operator'],
      ['operator', 'admin'],
      ['admin', 'owner'],
    ] as const) {
      const made = await ask(people[who].key, 'POST', '/v1/keys', { name: 'theirs', user: people[whom].userId });
      expect(made.status === 403 || made.status === 404).toBe(true);
    }
    expect(await ask(people.admin.key, 'POST', '/v1/keys', { name: 'k', role: 'owner' })).toMatchObject(refused);
  });

  it('that looks only makes none at all, and changes nothing anywhere', async () => {
    const { key } = await platform.people.key('ten_default', { user: 'user_admin', readOnly: true });
    const endpoints = Object.values(api).flatMap((verbs) => Object.values<Endpoint>(verbs));
    const changing = endpoints.filter(({ method, access }) => method !== 'get' && access !== 'anonymous');
    expect(changing.length).toBeGreaterThan(20);
    for (const { method, path } of changing) {
      const verb = method.toUpperCase() as 'POST' | 'PUT' | 'DELETE'; // no endpoint patches
      const answer = await ask(key, verb, path.replace(/:\w+/g, 'anything'), verb === 'DELETE' ? undefined : {});
      expect({ path, method, status: answer.status }).toEqual({ path, method, status: 403 });
    }
  });

  it('for some nouns asks about no other', async () => {
    const { key } = await platform.people.key('ten_default', { user: 'user_admin', only: ['flavors'] });
    const endpoints = Object.values(api).flatMap((verbs) => Object.values<Endpoint>(verbs));
    for (const { method, path, tag, access } of endpoints) {
      if (access === 'anonymous' || tag === 'flavors' || tag === 'platform') continue;
      const verb = method.toUpperCase() as 'GET' | 'POST' | 'PUT' | 'DELETE'; // no endpoint patches
      const body = verb === 'POST' || verb === 'PUT' ? {} : undefined;
      const { status } = await ask(key, verb, path.replace(/:\w+/g, 'anything'), body);
      expect({ path, method, status }).toEqual({ path, method, status: 403 });
    }
    expect((await ask(key, 'GET', '/v1/flavors')).status).toBe(200);
  });
});

describe('S06: a role makes no higher role', () => {
  for (const by of ['viewer', 'operator', 'admin', 'owner'] as const) {
    for (const role of roles) {
      if (isAtLeast(by, 'admin') && isAtLeast(by, role)) continue;
      it(`${by} makes no ${role}`, async () => {
        const { key, userId } = people[by];
        const name = `${by}-made-${role}`;
        expect(await ask(key, 'POST', '/v1/users', { name, role, password: PASSWORD })).toMatchObject(refused);
        for (const target of [userId, people.viewer.userId]) {
          expect(await ask(key, 'PUT', `/v1/users/${target}/role`, { role })).toMatchObject(refused);
        }
        const login = await ask('', 'POST', '/v1/login', { user: name, password: PASSWORD, tenant: 'acme' });
        expect(login.status).toBe(401);
      });
    }
  }

  it('and no key of a high user that is limited to a low role acts as the user', async () => {
    const { key } = await platform.people.key(acme, { user: people.owner.userId, role: 'viewer' });
    expect(await ask(key, 'POST', '/v1/users', { name: 'eve', role: 'viewer' })).toMatchObject(refused);
    expect(await ask(key, 'PUT', `/v1/users/${people.owner.userId}/password`, { password: PASSWORD })).toMatchObject({
      status: 401,
      body: { code: 'login.failed' },
    });
  });

  it('nobody takes over somebody above by a new password, nor removes what keeps them', async () => {
    const { key } = people.admin;
    const owner = `/v1/users/${people.owner.userId}`;
    expect(await ask(key, 'PUT', `${owner}/password`, { password: `${PASSWORD}!` })).toMatchObject(refused);
    expect(await ask(key, 'PUT', `${owner}/role`, { role: 'viewer' })).toMatchObject(refused);
    expect(await ask(key, 'DELETE', `${owner}/role`)).toMatchObject(refused);
    expect(await ask(key, 'DELETE', owner)).toMatchObject(refused);
    expect(await ask(key, 'DELETE', `/v1/keys/${people.owner.keyId}`)).toMatchObject(refused);
    expect((await ask(people.owner.key, 'GET', '/v1/keys')).status).toBe(200);
  });

  it('a viewer runs nothing in a guest and changes no machine', async () => {
    const instance = { name: 'web', image: 'tiny', flavor: 'nano' };
    for (const [method, path, body] of [
      ['POST', '/v1/instances', instance],
      ['POST', '/v1/instances/web/exec', { argv: ['id'] }],
      ['POST', '/v1/instances/web/stop', {}],
      ['DELETE', '/v1/instances/web', undefined],
      ['POST', '/v1/images', { recipe: 'tiny' }],
      ['PUT', '/v1/quota', { instances: 1 }],
    ] as const) {
      expect(await ask(people.viewer.key, method, path, body)).toMatchObject(refused);
    }
  });
});

describe('S06: nothing outlives the right that it came from', () => {
  it('neither keys nor sessions nor keys of sessions of a user who was removed', async () => {
    const eve = await platform.people.user(acme, 'operator', 'eve', { password: PASSWORD });
    const session = String(
      (await ask('', 'POST', '/v1/login', { user: 'eve', password: PASSWORD, tenant: 'acme' })).body['key'],
    );
    const child = String((await ask(session, 'POST', '/v1/keys', { name: 'child' })).body['secret']);
    const grandchild = String((await ask(child, 'POST', '/v1/keys', { name: 'grandchild' })).body['secret']);
    const all = [eve.key, session, child, grandchild];
    for (const key of all) expect((await ask(key, 'GET', '/v1/keys')).status).toBe(200);
    expect((await ask(people.admin.key, 'DELETE', `/v1/users/${eve.userId}`)).status).toBe(200);
    for (const key of all) expect((await ask(key, 'GET', '/v1/keys')).status).toBe(401);
    expect((await ask('', 'POST', '/v1/login', { user: 'eve', password: PASSWORD, tenant: 'acme' })).status).toBe(401);
  });

  it('not even when the role is taken while a hundred keys are asked for', async () => {
    const eve = await platform.people.user(acme, 'operator', 'eva');
    const making = Array.from({ length: 60 }, (_, n) => ask(eve.key, 'POST', '/v1/keys', { name: `k${n}` }));
    const [, ...made] = await Promise.all([ask(people.admin.key, 'DELETE', `/v1/users/${eve.userId}/role`), ...making]);
    const secrets = made.flatMap(({ status, body }) => (status === 201 ? [String(body['secret'])] : []));
    for (const key of secrets) expect((await ask(key, 'GET', '/v1/keys')).status).toBe(401);
    await ask(people.admin.key, 'PUT', `/v1/users/${eve.userId}/role`, { role: 'operator' });
    for (const key of [eve.key, ...secrets]) expect((await ask(key, 'GET', '/v1/keys')).status).toBe(401);
  });
});
