import { createHmac } from 'node:crypto';
import { connect } from 'node:net';
import { TestPlatform } from '../platform.js';
import type { Somebody } from '../people.js';

/** S05: whoever claims to be somebody, by whatever it sends beside a key, is who its key says or nobody. */

let platform: TestPlatform;
let viewer: Somebody;
let url: URL;
beforeAll(async () => {
  platform = await TestPlatform.withPeople();
  viewer = await platform.people.user(await platform.people.tenant('acme'), 'viewer', 'vera', {
    password: 'correct horse battery staple',
  });
  url = new URL(await platform.listen());
});
afterAll(() => platform.close());

/** As it goes over the wire, where a header can be there twice. */
const send = (method: string, path: string, ...headers: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    let heard = '';
    const lines = [`${method} ${path} HTTP/1.1`, `host: ${url.host}`, 'connection: close', ...headers, '', ''];
    const socket = connect(Number(url.port), url.hostname, () => socket.write(lines.join('\r\n')));
    socket.on('data', (part) => (heard += String(part)));
    socket.on('error', reject);
    socket.on('close', () => resolve(heard));
  });
const statusOf = (answer: string) => Number(/^HTTP\/1.1 (\d+)/.exec(answer)?.[1]);

const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwt = (header: object, claims: object, key = '') => {
  const signed = `${base64(header)}.${base64(claims)}`;
  return `${signed}.${key === '' ? '' : createHmac('sha256', key).update(signed).digest('base64url')}`;
};
const claims = { sub: 'user_admin', role: 'platform-administrator', tenant: 'ten_default', exp: 4_102_444_800 };

describe('S05: nobody is let in', () => {
  for (const [what, headers] of [
    ['by a header that names a user', ['x-user-id: user_admin', 'x-roles: platform-administrator']],
    [
      'by the headers of a proxy',
      ['x-forwarded-user: user_admin', 'x-remote-user: user_admin', 'x-auth-request-user: a'],
    ],
    ['by an address that is said to be inside', ['x-forwarded-for: 127.0.0.1', 'x-real-ip: 127.0.0.1']],
    ['by another host', ['x-forwarded-host: localhost', 'x-original-url: /healthz', 'x-rewrite-url: /healthz']],
    ['by a tenant alone', ['strata-tenant: ten_default']],
    ['by a cookie', ['cookie: session=user_admin; authorization=Bearer']],
    ['by basic authentication', [`authorization: Basic ${Buffer.from('admin:admin').toString('base64')}`]],
    ['by a token that is signed by nobody', [`authorization: Bearer ${jwt({ alg: 'none', typ: 'JWT' }, claims)}`]],
    [
      'by a token that is signed with a public word',
      [`authorization: Bearer ${jwt({ alg: 'HS256' }, claims, 'public')}`],
    ],
    [
      'by a token whose key lies elsewhere',
      [`authorization: Bearer ${jwt({ alg: 'HS256', kid: '../../dev/null' }, claims, 'x')}`],
    ],
    [
      'by a token for another audience',
      [`authorization: Bearer ${jwt({ alg: 'HS256' }, { ...claims, aud: 'else' }, 'x')}`],
    ],
  ] as const) {
    it(what, async () => {
      for (const [method, path] of [
        ['GET', '/v1/users'],
        ['GET', '/v1/instances'],
        ['DELETE', '/v1/tenants/acme'],
      ] as const) {
        expect(statusOf(await send(method, path, ...headers))).toBe(401);
      }
    });
  }

  it('by two keys in one request, in whatever order', async () => {
    const [low, high] = [`authorization: Bearer ${viewer.key}`, `Authorization: Bearer ${platform.people.admin}`];
    for (const headers of [
      [low, high],
      [high, low],
      [`authorization: Bearer ${viewer.key}, Bearer ${platform.people.admin}`],
    ]) {
      expect(statusOf(await send('GET', '/v1/users', ...headers))).toBe(401);
    }
  });

  it('by a key in the address or in the body', async () => {
    const key = platform.people.admin;
    for (const path of [`/v1/users?key=${key}`, `/v1/users?access_token=${key}`]) {
      expect(statusOf(await send('GET', path))).toBe(401);
    }
  });

  it('by a key that is nearly one', async () => {
    const { key } = viewer;
    for (const near of [
      key.slice(0, -1),
      `${key}A`,
      key.toUpperCase(),
      `${key.slice(0, 40)}${platform.people.admin.slice(40)}`,
      `strata_${viewer.keyId}_${'A'.repeat(43)}`,
      `strata_../../etc_${'A'.repeat(43)}`,
      'strata_key___proto___x',
      'constructor',
    ]) {
      expect(statusOf(await send('GET', '/v1/keys', `authorization: Bearer ${near}`))).toBe(401);
    }
  });
});

describe('S05: somebody stays who it is', () => {
  const as = () => `authorization: Bearer ${viewer.key}`;

  it('whatever role, tenant or user its headers claim', async () => {
    const claimed = [
      'x-user-id: user_admin',
      'x-roles: platform-administrator',
      'x-role: owner',
      'x-tenant-id: ten_default',
    ];
    expect(statusOf(await send('GET', '/v1/users', as(), ...claimed))).toBe(403);
    expect(statusOf(await send('GET', '/v1/keys', as(), ...claimed))).toBe(200);
    expect(statusOf(await send('GET', '/v1/keys', as(), 'strata-tenant: default'))).toBe(403);
  });

  it('and a look stays a look, whatever method its headers claim', async () => {
    for (const override of ['x-http-method-override: DELETE', 'x-method-override: DELETE', 'x-http-method: DELETE']) {
      const answer = await send('GET', `/v1/keys/${viewer.keyId}?_method=DELETE`, as(), override);
      expect(statusOf(answer)).toBe(400); // an unknown query parameter
      expect(statusOf(await send('GET', `/v1/keys/${viewer.keyId}`, as(), override))).toBe(200);
    }
    expect(statusOf(await send('GET', '/v1/keys', as()))).toBe(200);
  });

  it('and the audit shows the true peer of a login, whatever its headers claim', async () => {
    const body = JSON.stringify({ user: 'vera', password: 'correct horse battery staple', tenant: 'acme' });
    const forged = { 'x-forwarded-for': '198.51.100.9', 'x-real-ip': '198.51.100.9', forwarded: 'for=198.51.100.9' };
    const headers = { 'content-type': 'application/json', ...forged };
    const answer = await fetch(new URL('/v1/login', url), { method: 'POST', headers, body });
    const { keyId } = (await answer.json()) as { keyId: string }; // by contract
    const { body: shown } = await platform.ask('GET', `/v1/keys/${keyId}`, undefined, { as: viewer.key });
    expect(shown).toMatchObject({ kind: 'session', createdFrom: '127.0.0.1' });
  });

  it('until its key has expired by the clock of the server, whatever time the request claims', async () => {
    const expiresAt = new Date(Date.now() + 300).toISOString();
    const { key } = await platform.people.key(viewer.tenantId, { user: viewer.userId, expiresAt });
    const yesterday = `date: ${new Date(Date.now() - 86_400_000).toUTCString()}`;
    expect(statusOf(await send('GET', '/v1/keys', `authorization: Bearer ${key}`))).toBe(200);
    while (Date.now() <= Date.parse(expiresAt)) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(statusOf(await send('GET', '/v1/keys', `authorization: Bearer ${key}`, yesterday))).toBe(401);
  });
});
