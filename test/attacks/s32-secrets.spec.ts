import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Target } from './target.js';
import { settle } from './tenancy.js';
import type { Estate } from './tenancy.js';
import { familyOf } from './watching/processes.js';
import { Canaries, Recorder } from './watching/recorder.js';

const Shown = z.object({ id: z.string() });
const Key = z.object({ secret: z.string() });
const Session = z.object({ key: z.string() });

/** The secret half of a key: the other names it, and is told. */
const secretOf = (key: string) => key.slice(key.indexOf('_', 'strata_key_'.length) + 1);

describe('S32: secrets', () => {
  const canaries = new Canaries();
  /** What was told before a secret was one, and the one answer that tells it: all others must not. */
  const told = new Recorder();
  let target: Target;
  let alfa: Estate;

  beforeAll(async () => {
    target = await Target.start();
    alfa = await settle(target, 'alfa');
    await useThem();
  }, 60_000);
  afterAll(() => target.remove());

  const ask = async (
    key: string | undefined,
    route: string,
    body?: object | string,
    headers: Record<string, string> = {},
  ) => {
    const answer = await target.ask(key, route, body, headers);
    told.keep(route, `${JSON.stringify(answer.headers)}\n${answer.text}`);
    return answer;
  };
  const plantPassword = (where: string) => `${canaries.plant(where)}-P4ss`;

  /** Every way in which a secret goes through the platform, right and wrong. */
  const useThem = async (): Promise<void> => {
    const owner = alfa.people.owner.key;
    const first = plantPassword('the password of a new user');
    const spec = { name: 'anna', email: 'anna@example.org', role: 'operator', password: first };
    const made = await ask(owner, 'POST /v1/users', spec, { 'idempotency-key': 'anna' });
    const { id } = Shown.parse(JSON.parse(made.text));
    await ask(owner, 'POST /v1/users', spec, { 'idempotency-key': 'anna' });
    await ask(
      owner,
      'POST /v1/users',
      { ...spec, password: plantPassword('another password, with the same key') },
      { 'idempotency-key': 'anna' },
    );
    await ask(owner, 'POST /v1/users', {
      ...spec,
      name: 'Not A Name',
      password: plantPassword('the password of a user that is refused'),
    });
    await ask(
      owner,
      'POST /v1/users',
      `{"name":"x","password":"${plantPassword('a password in a body that breaks off')}`,
    );
    await ask(owner, 'POST /v1/users', { ...spec, password: plantPassword('a password that is too long').repeat(40) });
    await ask(owner, 'POST /v1/users', { ...spec, pasword: plantPassword('a password in a field that is misspelt') });
    await ask(owner, `GET /v1/users?password=${plantPassword('a password in an address')}`);

    const login = (password: string, user = 'anna') =>
      ask(undefined, 'POST /v1/login', { user, password, tenant: 'alfa' });
    await login(plantPassword('a wrong password'));
    await login(plantPassword('the password of somebody unknown'), 'nobody');
    const session = Session.parse(
      JSON.parse(
        (await target.ask(undefined, 'POST /v1/login', { user: 'anna', password: first, tenant: 'alfa' })).text,
      ),
    );
    canaries.watch('the key of a session', secretOf(session.key));
    await ask(session.key, 'GET /v1/whoami');
    const second = plantPassword('the password that was set');
    await ask(session.key, `PUT /v1/users/${id}/password`, { password: second, current: first });
    await ask(session.key, `PUT /v1/users/${id}/password`, {
      password: second,
      current: plantPassword('a wrong present password'),
    });
    await ask(owner, `PUT /v1/users/${id}/password`, { password: plantPassword('the password that an owner set') });

    const key = { name: 'deploy', user: id };
    const created = await target.ask(owner, 'POST /v1/keys', key, { 'idempotency-key': 'deploy' });
    const { secret } = Key.parse(JSON.parse(created.text));
    canaries.watch('a key', secretOf(secret));
    await ask(owner, 'POST /v1/keys', key, { 'idempotency-key': 'deploy' });
    await ask(secret, 'GET /v1/keys');
    await ask(secret, 'POST /v1/flavors', { name: 'x' });
    for (const scheme of ['Bearer', 'Basic', 'Digest']) {
      await ask(undefined, 'GET /v1/whoami', undefined, {
        authorization: `${scheme} ${canaries.plant(`what is no key, as ${scheme}`)}`,
      });
    }
    canaries.watch('the key of the first administrator', secretOf(target.server.bearer));
    canaries.watch('the password of the database', new URL(target.databaseUrl).password);

    const words = ['sh', '-c', `echo ${canaries.plant('a word of a command that a guest runs')}`];
    await target.ask(owner, `POST /v1/instances/${alfa.ids['instances']}/exec`, { argv: words });
    for (const path of [
      '/v1/events?pageSize=1000',
      '/v1/keys?user=all',
      '/v1/users',
      `/v1/why/${alfa.ids['instances']}`,
    ])
      await ask(owner, `GET ${path}`);
    for (const path of ['/metrics', '/v1/hosts', '/v1/status']) await ask(target.server.bearer, `GET ${path}`);
  };

  it('are told once or not at all', () => {
    expect(canaries.size).toBeGreaterThan(15);
    expect(told.size).toBeGreaterThan(25);
    expect(told.leaks(canaries)).toEqual([]);
  });

  it('are in no table', async () => {
    const tables = await target.stored<{ name: string }>(
      `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
       WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')`,
    );
    expect(tables.length).toBeGreaterThan(10);
    const found: string[] = [];
    for (const { name } of tables) {
      const rows = await target.stored<{ text: string }>(`SELECT t::text AS text FROM ${name} t`);
      found.push(...canaries.in(rows.map(({ text }) => text).join('\n')).map((where) => `${name} holds ${where}`));
    }
    expect(found).toEqual([]);
  });

  it('are in no file but the one that is for it, not even in what the database writes', async () => {
    const { home } = target.server;
    const mayHold = new Set(['credentials.json', 'postgres/password']);
    const files = await readdir(home, { recursive: true, withFileTypes: true });
    let bytes = 0;
    const found = files.flatMap((file) => {
      const path = join(file.parentPath, file.name);
      if (!file.isFile() || mayHold.has(path.slice(home.length + 1))) return [];
      const content = readFileSync(path);
      bytes += content.length;
      return canaries.in(content).map((where) => `${path} holds ${where}`);
    });
    expect(bytes).toBeGreaterThan(1_000_000);
    expect(found).toEqual([]);
  });

  it('are not among what the server says', () => {
    expect(canaries.in(target.server.log())).toEqual([]);
  });

  it('are in no command line', () => {
    const pids = [...familyOf(target.server.pid), ...familyOf(target.server.databasePid)];
    expect(pids.length).toBeGreaterThan(5);
    const lines = pids.map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8')).join('\n');
    expect(canaries.in(lines)).toEqual([]);
    expect(canaries.in(JSON.stringify(target.testimony.started))).toEqual([]);
  });

  it('would be found: the one that is told is there', () => {
    expect(target.recorder.leaks(canaries)).toEqual(
      expect.arrayContaining(['POST /v1/login told the key of a session', 'POST /v1/keys told a key']),
    );
  });
});
