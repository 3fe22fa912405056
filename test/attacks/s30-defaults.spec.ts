import { readFileSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Client } from 'pg';
import { z } from 'zod';
import { sampleBody } from './asking/values.js';
import { Target } from './target.js';
import { familyOf } from './watching/processes.js';
import { listenedToBy } from './watching/sockets.js';

/** What an answer says to whoever might keep it, guess at it or show it inside something else. */
const guards = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** What tells of our inside: stacks, paths, modules, SQL, names of tables and of the machine's folders. */
const inside =
  /\n\s+at |node:internal|node_modules|\.(?:js|ts|mjs):\d+|\/dist\/|\/tmp\/|es_event|view_\w+_v\d|SELECT |SQLSTATE|ECONN|typeorm|PostgreSQL|57P01|terminating connection/;

describe('S30: a fresh server, as it comes', () => {
  let target: Target;
  beforeAll(async () => {
    target = await Target.start();
  });
  afterAll(() => target.remove());

  it('listens to nobody but this machine', async () => {
    const pids = [target.server.pid, ...familyOf(target.server.pid), target.server.databasePid];
    const places = listenedToBy([...new Set(pids)]);
    const own = [target.server.apiUrl, target.databaseUrl].map((url) => Number(new URL(url).port));
    expect(new Set(places.map(({ port }) => port))).toEqual(new Set(own));
    expect(places).toHaveLength(own.length);
    expect(new Set(places.map(({ address }) => address))).toEqual(new Set(['127.0.0.1']));
  });

  it('has a database that asks for a password, and no other way in', async () => {
    const tried = async (change: (url: URL) => void): Promise<string> => {
      const url = new URL(target.databaseUrl);
      change(url);
      const client = new Client({ connectionString: url.href, connectionTimeoutMillis: 5_000 });
      return client.connect().then(
        () => client.end().then(() => 'let in'),
        (error: unknown) => String(error),
      );
    };
    expect(await tried(() => undefined)).toBe('let in');
    for (const password of ['', 'strata', 'postgres', 'password']) {
      expect(await tried((url) => void (url.password = password))).not.toBe('let in');
    }
    for (const user of ['postgres', 'root', 'strata_tenant']) {
      expect(await tried((url) => Object.assign(url, { username: user }))).not.toBe('let in');
    }
    const rows = await target.stored<{ type: string; auth_method: string }>(
      'SELECT type, auth_method FROM pg_hba_file_rules',
    );
    expect(new Set(rows.map((row) => row.auth_method))).toEqual(new Set(['scram-sha-256']));
  });

  it('keeps what is secret where only its owner reads it', async () => {
    const { home, bearer } = target.server;
    const secrets = [
      bearer.slice(bearer.lastIndexOf('_') + 1),
      new URL(target.databaseUrl).password,
      ...['master.key'].map((name) => readFileSync(join(home, name)).toString('latin1').trim()),
    ];
    const files = await readdir(home, { recursive: true, withFileTypes: true });
    const holding = files
      .filter((file) => file.isFile() && !file.parentPath.includes('/data/'))
      .map((file) => join(file.parentPath, file.name))
      .filter((path) => {
        const text = readFileSync(path).toString('latin1');
        return secrets.some((secret) => text.includes(secret));
      });
    expect(holding.map((path) => path.slice(home.length + 1)).toSorted()).toEqual([
      'credentials.json',
      'master.key',
      'postgres/password',
    ]);
    for (const path of holding) expect([path, (statSync(path).mode & 0o777).toString(8)]).toEqual([path, '600']);
    expect((statSync(join(home, 'postgres/data')).mode & 0o777).toString(8)).toBe('700');
    const writable = files.filter((file) => (statSync(join(file.parentPath, file.name)).mode & 0o022) !== 0);
    expect(writable.map(({ name }) => name)).toEqual([]);
  });

  it('knows no password, and no key but the one that it made', async () => {
    const { key } = z
      .object({ key: z.string() })
      .parse(JSON.parse(readFileSync(join(target.server.home, 'credentials.json'), 'utf8')));
    expect(key).toMatch(/^strata_key_[0-9a-z]{26}_[A-Za-z0-9_-]{43}$/);
    for (const password of ['admin', 'strata', 'password', 'changeme', '123456789012', 'default']) {
      const { status } = await target.ask(undefined, 'POST /v1/login', { user: 'admin', password });
      expect([password, [401, 429].includes(status)]).toEqual([password, true]);
    }
    for (const bearer of ['admin', 'strata', 'test', 'root', 'viewer', 'stranger']) {
      expect((await target.ask(bearer, 'GET /v1/whoami')).status).toBe(401);
    }
  });

  it('tells every browser to keep and guess nothing, and lets none of another origin in', async () => {
    const routes = [
      ...target.api.routes.map(({ method, path }) => `${method} ${path}`),
      'GET /',
      'GET /v1',
      'HEAD /healthz',
      'OPTIONS /v1/instances',
      'PATCH /v1/instances',
      'TRACE /healthz',
      'GET /%zz',
      'GET /..%2f..%2fetc/passwd',
    ];
    for (const route of routes) {
      const [method = ''] = route.split(' ');
      for (const key of [undefined, target.server.bearer]) {
        const origin = { origin: 'https://evil.example', 'access-control-request-method': method };
        const { headers } = await target.ask(key, route, undefined, origin);
        expect([route, headers]).toMatchObject([route, guards]);
        expect(
          Object.keys(headers).filter((name) => /^access-control|^server$|^x-powered-by|^set-cookie/.test(name)),
        ).toEqual([]);
      }
    }
  });

  it('does so also where it cannot even read what is asked', async () => {
    for (const bytes of [
      'HELLO\r\n\r\n',
      'GET / HTTP/1.1\r\nconnection: close\r\n\r\n',
      'GET / HTTP/1.1\r\nhost: x\r\nx: \u0001\r\n\r\n',
      'POST /v1/login HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n',
      `GET / HTTP/1.1\r\nhost: x\r\nx-large: ${'x'.repeat(64 * 1024)}\r\n\r\n`,
      `GET /${'x'.repeat(64 * 1024)} HTTP/1.1\r\nhost: x\r\n\r\n`,
    ]) {
      const answer = (await exchange(bytes)).toLowerCase();
      expect([bytes.slice(0, 40), answer]).toEqual([bytes.slice(0, 40), expect.stringMatching(/^http\/1\.1 4\d\d /)]);
      for (const [name, value] of Object.entries(guards)) expect(answer).toContain(`${name}: ${value}`);
      target.recorder.keep(bytes.slice(0, 40), answer);
    }
  });

  it('tells nobody of its inside, however it is asked', async () => {
    for (const route of target.api.routes) {
      const body = route.body && sampleBody(target.api, route, 'curious');
      for (const id of ['inst_x', 'nothing', '..', `'; DROP TABLE x; --`, 'op_x', 'host_sim0001', 'x'.repeat(63)]) {
        const path = route.path.replace('{id}', encodeURIComponent(id));
        const key = route.access === 'anonymous' ? undefined : target.server.bearer;
        await target.ask(key, `${route.method} ${path}`, body);
        if (route.inPath.length === 0) break;
      }
    }
    expect(target.recorder.size).toBeGreaterThan(200);
    expect(target.recorder.matching(inside)).toEqual([]);
  }, 20_000);

  it('tells nobody of it either when its database is gone', async () => {
    process.kill(target.server.databasePid, 'SIGKILL');
    let outages = 0;
    for (const route of target.api.routes.filter(({ method }) => method === 'GET')) {
      for (const key of [undefined, target.server.bearer]) {
        const { status } = await target.ask(key, `GET ${route.path.replace('{id}', 'inst_x')}`);
        if (status === 503) outages += 1;
      }
    }
    expect(outages).toBeGreaterThan(5);
    expect(target.recorder.matching(inside)).toEqual([]);
  }, 60_000);

  const exchange = (bytes: string): Promise<string> =>
    new Promise((resolve, reject) => {
      let text = '';
      const client = connect(Number(new URL(target.server.apiUrl).port), '127.0.0.1', () => client.write(bytes));
      client.setEncoding('utf8').on('data', (part) => (text += part));
      client.once('close', () => resolve(text)).once('error', reject);
      client.setTimeout(5_000, () => client.destroy());
    });
});
