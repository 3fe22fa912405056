import { tenants } from '@strata/contracts';
import { Identity } from '../identity.fixtures.js';

let cloud: Identity;
beforeEach(async () => {
  cloud = await Identity.open();
});
afterEach(() => cloud.close());

const code = (status: number, it: string) => ({ status, body: { code: it } });

describe('a tenant', () => {
  it('is created, shown and listed by an administrator of the platform, by id and by name', async () => {
    const made = await cloud.get(cloud.admin, 'POST /v1/tenants', { body: { name: 'acme' } });
    expect(made).toMatchObject({ name: 'acme', status: 'active', role: 'platform-administrator' });
    expect(made['id']).toMatch(/^ten_[0-9a-z]{26}$/);
    for (const word of ['acme', String(made['id'])]) {
      expect(await cloud.get(cloud.admin, `GET /v1/tenants/${word}`)).toEqual(made);
    }
    const { items } = await cloud.get(cloud.admin, 'GET /v1/tenants');
    expect(items).toMatchObject([{ name: 'acme' }, { id: 'ten_default', name: 'default' }]);
  });

  it('may have an id of the asker’s choice, and asking twice is asking once', async () => {
    const body = { id: 'ten_mine', name: 'mine' };
    const [one, two] = [
      await cloud.get(cloud.admin, 'POST /v1/tenants', { body }),
      await cloud.get(cloud.admin, 'POST /v1/tenants', { body }),
    ];
    expect(one['id']).toBe('ten_mine');
    expect(two['id']).toBe('ten_mine');
    const again = { body: { id: 'ten_mine', name: 'other' } };
    expect(await cloud.ask(cloud.admin, 'POST /v1/tenants', again)).toMatchObject(code(409, 'tenant.exists'));
    const taken = { body: { name: 'mine' } };
    expect(await cloud.ask(cloud.admin, 'POST /v1/tenants', taken)).toMatchObject(code(409, 'tenant.name-taken'));
  });

  it('is made by one of twenty who want its name at once', async () => {
    const body = { name: 'wanted' };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => cloud.ask(cloud.admin, 'POST /v1/tenants', { body })),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ body: it }) => it['code'] === 'tenant.name-taken')).toHaveLength(19);
  });

  it('shows itself to its own, and to others as if it did not exist', async () => {
    const [acme, other] = [await cloud.tenant('acme'), await cloud.tenant('other')];
    const owner = await cloud.user(acme, 'owner', 'olga');
    const viewer = await cloud.user(acme, 'viewer', 'vera');
    expect(await cloud.get(owner.key, 'GET /v1/tenants/acme')).toMatchObject({ id: acme, role: 'owner' });
    expect((await cloud.get(viewer.key, 'GET /v1/tenants'))['items']).toMatchObject([{ id: acme, role: 'viewer' }]);
    const [theirs, unknown] = await Promise.all(
      [other, 'ten_nowhere'].map((id) => cloud.ask(owner.key, `GET /v1/tenants/${id}`)),
    );
    expect(theirs).toMatchObject(code(404, 'tenant.not-found'));
    expect(
      JSON.stringify(theirs?.body)
        .replaceAll(other, 'ID')
        .replace(/req_\w+/, ''),
    ).toBe(
      JSON.stringify(unknown?.body)
        .replaceAll('ten_nowhere', 'ID')
        .replace(/req_\w+/, ''),
    );
    for (const route of ['POST /v1/tenants', `DELETE /v1/tenants/${acme}`]) {
      const how = route.startsWith('POST') ? { body: { name: 'mine' } } : {};
      expect(await cloud.ask(owner.key, route, how)).toMatchObject(code(403, 'auth.forbidden'));
    }
  });

  it('is deleted with its users and keys, and is then unknown; its name is free', async () => {
    const acme = await cloud.tenant('acme');
    const owner = await cloud.user(acme, 'owner', 'olga', { email: 'olga@acme.example' });
    expect(await cloud.get(cloud.admin, 'DELETE /v1/tenants/acme')).toMatchObject({ id: acme, status: 'deleted' });
    expect(await cloud.ask(owner.key, 'GET /v1/keys')).toMatchObject(code(401, 'auth.required'));
    for (const route of [`GET /v1/tenants/${acme}`, 'GET /v1/tenants/acme', `DELETE /v1/tenants/${acme}`]) {
      expect(await cloud.ask(cloud.admin, route)).toMatchObject(code(404, 'tenant.not-found'));
    }
    const headers = { 'strata-tenant': acme };
    expect(await cloud.ask(cloud.admin, 'GET /v1/users', { headers })).toMatchObject(code(404, 'tenant.not-found'));
    expect(await cloud.tenant('acme')).not.toBe(acme);
    await cloud.until('the user is erased', async () => {
      const sealed = await cloud.store.log.read(0, 1_000, { types: ['UserDeleted'] });
      return sealed.some(({ stream }) => stream.endsWith(owner.userId));
    });
    const types = (await cloud.store.log.read(0, 1_000, { tenantId: acme })).map(({ type }) => type);
    expect(types.filter((type) => type === 'TenantDeleted')).toHaveLength(1);
  });

  it('that still has things is not deleted, and says what they are', async () => {
    const acme = await cloud.tenant('acme');
    cloud.things[acme] = { instances: 3, volumes: 0 };
    const answer = await cloud.ask(cloud.admin, 'DELETE /v1/tenants/acme');
    expect(answer).toMatchObject(code(409, 'tenant.not-empty'));
    expect(answer.body).toMatchObject({ detail: 'the tenant "acme" still has things (instances: 3)' });
    expect(await cloud.get(cloud.admin, 'GET /v1/tenants/acme')).toMatchObject({ id: acme });
  });

  it('that holds the only owner of another is not deleted', async () => {
    const [acme, other] = [await cloud.tenant('acme'), await cloud.tenant('other')];
    const { userId } = await cloud.user(acme, 'operator', 'olga');
    const headers = { 'strata-tenant': other };
    await cloud.get(cloud.admin, `PUT /v1/users/${userId}/role`, { headers, body: { role: 'owner' } });
    expect(await cloud.ask(cloud.admin, 'DELETE /v1/tenants/acme')).toMatchObject(code(409, 'tenant.last-owner'));
    await cloud.user(other, 'owner', 'otto');
    expect(await cloud.ask(cloud.admin, 'DELETE /v1/tenants/acme')).toMatchObject({ status: 200 });
    await cloud.until('the role elsewhere is gone', async () => {
      const { items } = await cloud.get(cloud.admin, 'GET /v1/users', { headers });
      return Array.isArray(items) && items.length === 1;
    });
  });

  it('of the first administrator stays', async () => {
    expect(await cloud.ask(cloud.admin, 'DELETE /v1/tenants/default')).toMatchObject(code(409, 'tenant.protected'));
  });

  it('is only looked at with validateOnly', async () => {
    const body = { name: 'acme' };
    expect(await cloud.ask(cloud.admin, 'POST /v1/tenants?validateOnly=true', { body })).toMatchObject({ status: 201 });
    expect(await cloud.ask(cloud.admin, 'GET /v1/tenants/acme')).toMatchObject({ status: 404 });
    await cloud.tenant('acme');
    expect(await cloud.ask(cloud.admin, 'DELETE /v1/tenants/acme?validateOnly=true')).toMatchObject({ status: 200 });
    expect(await cloud.ask(cloud.admin, 'GET /v1/tenants/acme')).toMatchObject({ status: 200 });
  });

  it('is listed page by page', async () => {
    for (const name of ['c', 'a', 'b']) await cloud.tenant(name);
    const names: string[] = [];
    for (let token: string | null = ''; token !== null;) {
      const query = token === '' ? 'pageSize=2' : `pageSize=2&pageToken=${token}`;
      const page = tenants.list.answer.parse(await cloud.get(cloud.admin, `GET /v1/tenants?${query}`));
      names.push(...page.items.map(({ name }) => name));
      token = page.nextPageToken;
    }
    expect(names).toEqual(['a', 'b', 'c', 'default']);
  });
});

describe('the tenant that is acted for', () => {
  it('is chosen by id or name among those where a session’s user has a role', async () => {
    const [acme, other] = [await cloud.tenant('acme'), await cloud.tenant('other')];
    const password = 'correct horse battery staple';
    const { userId, key } = await cloud.user(acme, 'admin', 'anna', { password });
    const there = { 'strata-tenant': other };
    await cloud.get(cloud.admin, `PUT /v1/users/${userId}/role`, { headers: there, body: { role: 'viewer' } });
    const { body } = await cloud.login('anna', password, { tenant: 'acme' });
    expect(body).toMatchObject({
      tenantId: acme,
      role: 'admin',
      tenants: [
        { id: acme, name: 'acme', role: 'admin' },
        { id: other, name: 'other', role: 'viewer' },
      ],
    });
    const session = String(body['key']);
    for (const tenant of [other, 'other']) {
      const headers = { 'strata-tenant': tenant };
      // A viewer there, whatever the role at home.
      expect(await cloud.ask(session, 'GET /v1/users', { headers })).toMatchObject(code(403, 'auth.forbidden'));
      // A key is for the tenant that it was made in.
      expect(await cloud.ask(key, 'GET /v1/keys', { headers })).toMatchObject(code(403, 'auth.forbidden'));
    }
    expect((await cloud.get(session, 'GET /v1/tenants'))['items']).toHaveLength(2);
    expect((await cloud.get(key, 'GET /v1/tenants'))['items']).toHaveLength(1);
  });

  it('is refused in the same words whether it is another’s or none’s', async () => {
    const [acme, other] = [await cloud.tenant('acme'), await cloud.tenant('other')];
    const { key } = await cloud.user(acme, 'owner', 'olga');
    const told = async (tenant: string) => {
      const { status, body } = await cloud.ask(key, 'GET /v1/users', { headers: { 'strata-tenant': tenant } });
      return JSON.stringify([status, body])
        .replaceAll(tenant, 'TENANT')
        .replace(/req_\w+/, '');
    };
    expect(await told(other)).toBe(await told('ten_nowhere'));
    expect(await told('other')).toBe(await told('nowhere'));
    expect(await told(other)).toContain('auth.forbidden');
  });
});
