import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { emptyCheckout, removeCheckouts, strata } from '../testing/command-line.js';
import type { World } from '../testing/command-line.js';
import { FakeCloud, Refusal } from '../testing/fake-cloud.js';
import { anna } from '../testing/things.js';
import { endOf } from './key.js';

let config: string;
let checkout: string;
let clouds: FakeCloud[] = [];

beforeEach(() => {
  config = mkdtempSync(join(tmpdir(), 'strata-config-'));
  checkout = emptyCheckout();
});
afterEach(async () => {
  const faults = clouds.flatMap((cloud) => cloud.faults);
  await Promise.all(clouds.map((cloud) => cloud.close()));
  clouds = [];
  rmSync(config, { recursive: true });
  expect(faults).toEqual([]);
});
afterAll(removeCheckouts);

const begun = {
  key: 'strata_key_of-anna',
  keyId: 'key_anna',
  expiresAt: '2026-11-25T12:00:00.000Z',
  userId: 'user_anna',
  name: 'anna',
  tenantId: 'ten_acme',
  role: 'admin',
  tenants: [
    { id: 'ten_acme', name: 'acme', role: 'admin' },
    { id: 'ten_next', name: 'next', role: 'viewer' },
  ],
};
const page = { items: [], nextPageToken: null };

const open = async (answers: Parameters<typeof FakeCloud.open>[0] = {}) => {
  const cloud = await FakeCloud.open({ 'login.login': () => begun, 'flavors.list': () => page, ...answers });
  clouds.push(cloud);
  return cloud;
};
/** As a person at a terminal of a machine that runs this cloud. */
const ask = (cloud: FakeCloud, argv: readonly string[], world: World = {}) =>
  strata(argv, { checkout, env: { XDG_CONFIG_HOME: config, STRATA_API: cloud.url }, ...world });
const keyAt = (cloud: FakeCloud) => cloud.of('flavors.list').at(-1)?.headers.authorization;
const files = () => readdirSync(join(config, 'strata/logins'));

describe('strata login', () => {
  it('asks for the password, shows who it is, and uses the key from then on', async () => {
    const cloud = await open();
    const ran = await ask(cloud, ['login', 'anna', '--tenant', 'acme'], { secrets: ['a secret password'] });
    expect(ran.exit).toBe(0);
    expect(ran.stdout).toContain('acme (admin), next (viewer)');
    expect(ran.stdout + ran.stderr).not.toMatch(/of-anna|a secret password/);
    expect(cloud.of('login.login')[0]).toMatchObject({
      body: { user: 'anna', password: 'a secret password', tenant: 'acme' },
    });
    await ask(cloud, ['flavor', 'list']);
    expect(keyAt(cloud)).toBe('Bearer strata_key_of-anna');
  });

  it('keeps the key where nobody else can read it, and tells it to no other cloud', async () => {
    const [cloud, other] = [await open(), await open()];
    await ask(cloud, ['login', 'anna', '--password-stdin'], { input: 'a secret password\nmore' });
    expect(cloud.of('login.login')[0]?.body).toMatchObject({ password: 'a secret password', tenant: 'default' });
    const [file] = files();
    expect(files()).toHaveLength(1);
    expect(statSync(join(config, 'strata/logins', String(file))).mode & 0o777).toBe(0o600);
    expect(statSync(join(config, 'strata/logins')).mode & 0o777).toBe(0o700);
    await ask(other, ['flavor', 'list']);
    expect(keyAt(other)).toBeUndefined();
  });

  it('goes before the first administrator’s key, and the environment before both', async () => {
    const cloud = await open();
    mkdirSync(join(checkout, '.strata'));
    const stored = { apiUrl: cloud.url, key: 'first', tenantId: 'ten_default', userId: 'user_admin' };
    writeFileSync(join(checkout, '.strata/credentials.json'), JSON.stringify(stored));
    await ask(cloud, ['flavor', 'list']);
    expect(keyAt(cloud)).toBe('Bearer first');
    await ask(cloud, ['login', 'anna'], { secrets: ['a secret password'] });
    await ask(cloud, ['flavor', 'list']);
    expect(keyAt(cloud)).toBe('Bearer strata_key_of-anna');
    const env = { XDG_CONFIG_HOME: config, STRATA_API: cloud.url, STRATA_KEY: 'named' };
    await ask(cloud, ['flavor', 'list'], { env });
    expect(keyAt(cloud)).toBe('Bearer named');
  });

  it('refuses without a terminal, or with nothing on standard input', async () => {
    const cloud = await open();
    expect(await ask(cloud, ['login', 'anna'])).toMatchObject({ exit: 2 });
    expect(await ask(cloud, ['login', 'anna', '--password-stdin'])).toMatchObject({ exit: 2 });
    expect(cloud.asked).toEqual([]);
  });

  for (const [code, exit] of [
    ['login.failed', 4],
    ['login.throttled', 6],
  ] as const) {
    it(`keeps nothing and exits with ${exit} at ${code}`, async () => {
      const cloud = await open({ 'login.login': () => new Refusal(code, 'because') });
      expect(await ask(cloud, ['login', 'anna'], { secrets: ['wrong'] })).toMatchObject({ exit, stdout: '' });
      expect(() => files()).toThrow('ENOENT');
    });
  }
});

describe('strata logout', () => {
  it('revokes the key and forgets it', async () => {
    const cloud = await open({ 'keys.delete': () => anna.key });
    await ask(cloud, ['login', 'anna'], { secrets: ['a secret password'] });
    expect(await ask(cloud, ['logout'])).toEqual({ exit: 0, stdout: '', stderr: 'anna is logged out\n' });
    expect(cloud.of('keys.delete')[0]).toMatchObject({
      params: { id: 'key_anna' },
      headers: { authorization: 'Bearer strata_key_of-anna' },
    });
    expect(files()).toEqual([]);
    expect(await ask(cloud, ['logout'])).toMatchObject({ exit: 3 });
  });

  it('also forgets a key that is unknown by now, and keeps one that it could not revoke', async () => {
    const answers = [new Refusal('internal.error', 'sorry'), new Refusal('auth.required', 'unknown')];
    const cloud = await open({ 'keys.delete': () => answers.shift() });
    await ask(cloud, ['login', 'anna'], { secrets: ['a secret password'] });
    expect(await ask(cloud, ['logout'])).toMatchObject({ exit: 1 });
    expect(files()).toHaveLength(1);
    expect(await ask(cloud, ['logout'])).toMatchObject({ exit: 0 });
    expect(files()).toEqual([]);
  });
});

describe('users and keys', () => {
  it('creates a user with a password that was typed twice, and says none on the command line', async () => {
    const cloud = await open({ 'users.create': () => anna.user });
    const create = ['user', 'create', 'anna', '--role', 'admin', '--email', 'anna@acme.example', '--password'];
    expect(await ask(cloud, create, { secrets: ['a secret password', 'another one'] })).toMatchObject({ exit: 2 });
    expect(cloud.asked).toEqual([]);
    await ask(cloud, create, { secrets: ['a secret password', 'a secret password'] });
    const body = { name: 'anna', role: 'admin', email: 'anna@acme.example', password: 'a secret password' };
    expect(cloud.of('users.create')[0]?.body).toEqual(body);
    await ask(cloud, ['user', 'create', 'ci']);
    expect(cloud.of('users.create')[1]?.body).toEqual({ name: 'ci' });
  });

  it('grants and revokes', async () => {
    const cloud = await open({ 'users.grant': () => anna.user, 'users.revoke': () => anna.user });
    expect(await ask(cloud, ['user', 'grant', 'anna', 'owner', '--tenant', 'next'])).toMatchObject({ exit: 0 });
    expect(cloud.of('users.grant')[0]).toMatchObject({
      params: { id: 'anna' },
      body: { role: 'owner' },
      headers: { 'strata-tenant': 'next' },
    });
    expect(await ask(cloud, ['user', 'grant', 'anna', 'emperor'])).toMatchObject({ exit: 2 });
    expect(await ask(cloud, ['user', 'revoke', 'anna'])).toMatchObject({ exit: 0 });
  });

  it('changes the own password with the current one, and another’s without', async () => {
    const me = { userId: 'user_anna', tenantId: 'ten_acme', role: 'admin', keyId: 'key_anna' };
    const cloud = await open({
      'platform.whoami': () => me,
      'users.show': ({ params }) => ({ ...anna.user, id: params['id'] === 'anna' ? 'user_anna' : 'user_bob' }),
      'users.password': () => anna.user,
    });
    const secrets = ['the current one', 'a new password', 'a new password'];
    await ask(cloud, ['user', 'password'], { secrets });
    await ask(cloud, ['user', 'password', 'anna'], { secrets });
    await ask(cloud, ['user', 'password', 'bob'], { secrets: secrets.slice(1) });
    await ask(cloud, ['user', 'password', '--password-stdin'], { input: 'a new password\nthe current one\n' });
    const own = { params: { id: 'user_anna' }, body: { password: 'a new password', current: 'the current one' } };
    expect(cloud.of('users.password')).toMatchObject([
      own,
      own,
      { params: { id: 'user_bob' }, body: { password: 'a new password' } },
      own,
    ]);
    expect(cloud.of('users.password')[2]?.body).not.toHaveProperty('current');
  });

  it('shows the secret of a new key, alone with -o name, and of an old one never', async () => {
    const cloud = await open({
      'keys.create': () => ({ ...anna.key, secret: 'strata_key_fresh' }),
      'keys.show': () => anna.key,
    });
    const create = ['key', 'create', 'ci', '--read-only', '--only', 'instances,volumes', '--only', 'operations'];
    expect((await ask(cloud, create)).stdout).toContain('strata_key_fresh');
    expect((await ask(cloud, [...create, '-o', 'name'])).stdout).toBe('strata_key_fresh\n');
    expect(cloud.of('keys.create')[0]?.body).toEqual({
      name: 'ci',
      readOnly: true,
      only: ['instances', 'volumes', 'operations'],
    });
    expect((await ask(cloud, ['key', 'show', 'ci', '-o', 'json'])).stdout).not.toContain('secret');
  });

  it('says when a key ends, as a span or as a time', () => {
    expect(Date.parse(endOf('30d')) - Date.now()).toBeGreaterThan(30 * 86_400_000 - 5_000);
    expect(Date.parse(endOf('30d')) - Date.now()).toBeLessThanOrEqual(30 * 86_400_000);
    expect(endOf('2026-12-01T00:00:00+01:00')).toBe('2026-11-30T23:00:00.000Z');
    expect(() => endOf('soon')).toThrow('neither a span');
  });
});
