import { Identity, PASSWORD } from '../identity.fixtures.js';

const CANARIES = ['canary-name', 'canary@mail.example', 'Canary Displayed', PASSWORD];
const person = { name: CANARIES[0], email: CANARIES[1], displayName: CANARIES[2], password: PASSWORD };

/** Everything that would leave with a copy of the log. */
const told = async (cloud: Identity) => JSON.stringify(await cloud.store.log.read(0, 10_000));

describe('personal data', () => {
  let cloud: Identity;
  beforeEach(async () => {
    cloud = await Identity.open();
  });
  afterEach(() => cloud.close());

  it('is nowhere in the log: no name, no address, no password, no address of a session, no secret of a key', async () => {
    const { body: user } = await cloud.ask(cloud.admin, 'POST /v1/users', { body: { ...person, role: 'viewer' } });
    const { body } = await cloud.login('canary-name', PASSWORD, { peer: '198.51.100.77' });
    const key = await cloud.get(String(body['key']), 'POST /v1/keys', { body: { name: 'laptop' } });
    const log = await told(cloud);
    expect(log).toContain(String(user['id']));
    const secrets = [body['key'], key['secret']].map((it) => String(it).slice(-43));
    for (const canary of [...CANARIES, '198.51.100.77', ...secrets]) expect(log).not.toContain(canary);
    const { items } = await cloud.get(String(body['key']), 'GET /v1/keys');
    expect(items).toMatchObject([
      { kind: 'session', createdFrom: '198.51.100.77' },
      { name: 'laptop', createdFrom: null },
    ]);
  });

  it('is gone when its user is deleted, and the log still folds', async () => {
    const { body: user } = await cloud.ask(cloud.admin, 'POST /v1/users', { body: { ...person, role: 'viewer' } });
    const userId = String(user['id']);
    const sealed = await cloud.store.log.read(0, 1_000, { types: ['UserCreated'] });
    const created = sealed.find(({ stream }) => stream.endsWith(userId));
    const text = created && 'person' in created.data ? String(created.data.person) : '';
    expect(await cloud.sealing.unseal({ subject: userId, purpose: 'person', text })).toContain('canary-name');

    const { body: session } = await cloud.login('canary-name', PASSWORD);
    expect(await cloud.get(cloud.admin, 'DELETE /v1/users/canary-name')).toMatchObject({
      id: userId,
      status: 'deleted',
    });
    expect(await cloud.sealing.unseal({ subject: userId, purpose: 'person', text })).toBeUndefined();
    expect(await cloud.sealing.find('ten_default canary-name')).toBeUndefined();
    expect(await cloud.sealing.find('ten_default canary@mail.example')).toBeUndefined();
    expect(await cloud.ask(String(session['key']), 'GET /v1/keys')).toMatchObject({ status: 401 });
    for (const word of ['canary-name', userId]) {
      expect(await cloud.ask(cloud.admin, `GET /v1/users/${word}`)).toMatchObject({ status: 404 });
    }
    expect(await cloud.login('canary-name', PASSWORD)).toMatchObject({ status: 401 });
    // Not one event has changed, and the name is free.
    expect(await told(cloud)).toContain(text);
    expect(await cloud.ask(cloud.admin, 'POST /v1/users', { body: person })).toMatchObject({ status: 201 });
  });

  it('whose key alone is lost is shown as erased, and everything goes on', async () => {
    const { body: user } = await cloud.ask(cloud.admin, 'POST /v1/users', { body: { ...person, role: 'viewer' } });
    await cloud.sealing.forget(String(user['id']));
    const erased = { id: user['id'], name: '(erased)', email: null, displayName: null };
    const { items } = await cloud.get(cloud.admin, 'GET /v1/users');
    expect(items).toEqual(expect.arrayContaining([expect.objectContaining(erased)]));
    expect(items).toHaveLength(2);
    expect(await cloud.login('canary-name', PASSWORD)).toMatchObject({ status: 401 });
    const set = cloud.ask(cloud.admin, `PUT /v1/users/${String(user['id'])}/password`, {
      body: { password: PASSWORD },
    });
    expect(await set).toMatchObject({ status: 404, body: { code: 'user.not-found' } });
    expect(await cloud.ask(cloud.admin, `DELETE /v1/users/${String(user['id'])}`)).toMatchObject({ status: 200 });
  });
});
