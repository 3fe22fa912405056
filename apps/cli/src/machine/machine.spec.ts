import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { emptyCheckout, removeCheckouts, strata } from '../testing/command-line.js';
import { FakeCloud } from '../testing/fake-cloud.js';
import { databasesIn, lives, serverOf } from './server-process.js';

afterAll(removeCheckouts);

const whoami = { userId: 'user_a', tenantId: 'ten_a', role: 'viewer', keyId: 'key_a' };

/** A server that says when it is ready and ends when it is asked to; `apps/solo` in its path makes it known. */
const server = `
import { createServer } from 'node:http';
import { rmSync, writeFileSync } from 'node:fs';
const file = process.env.STRATA_HOME + '/server.pid';
let asked = 0;
const http = createServer((request, response) => {
  response.writeHead((asked += 1) > 2 ? 200 : 503, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ status: 'ok', checks: {} }));
});
http.listen(0, '127.0.0.1', () => {
  const apiUrl = 'http://127.0.0.1:' + http.address().port;
  console.log('Strata: listening');
  writeFileSync(file, JSON.stringify({ pid: process.pid, startedAt: new Date().toISOString(), apiUrl }));
});
process.on('SIGTERM', () => { rmSync(file, { force: true }); process.exit(0); });
`;
const start = `
import { spawn } from 'node:child_process';
spawn(process.execPath, [import.meta.dirname + '/../apps/solo/main.mjs'], { stdio: 'inherit', env: process.env });
`;
const homeScript = `
import { mkdirSync } from 'node:fs';
export const openHome = (env) => (mkdirSync(env.STRATA_HOME, { recursive: true }), env.STRATA_HOME);
`;

const checkoutWith = (scripts: Readonly<Record<string, string>>) => {
  const checkout = emptyCheckout();
  for (const [path, text] of Object.entries(scripts)) {
    mkdirSync(join(checkout, path, '..'), { recursive: true });
    writeFileSync(join(checkout, path), text);
  }
  const home = join(checkout, 'home');
  return { checkout, home, env: { ...process.env, STRATA_HOME: home, NO_COLOR: '1' } as Record<string, string> }; // No variable of a process is undefined.
};

const whole = { 'apps/solo/main.mjs': server, 'deploy/start.mjs': start, 'deploy/setup/home.mjs': homeScript };

it('brings a server up visibly, finds it there, and takes it down with everything', async () => {
  const { checkout, home, env } = checkoutWith(whole);
  const first = await strata(['up', '-o', 'json'], { checkout, env });
  expect(first.exit).toBe(0);
  expect(first.stderr).toContain('Strata: listening\n');
  const said: unknown = JSON.parse(first.stdout);
  const { pid, apiUrl } = serverOf(home) ?? { pid: 0, apiUrl: '' };
  expect(said).toEqual(
    expect.objectContaining({ status: 'running', pid, apiUrl, home, log: join(home, 'server.log') }),
  );

  expect(JSON.parse((await strata(['up', '-o', 'json'], { checkout, env })).stdout)).toEqual(said);
  expect((await strata(['down', '--all'], { checkout, env })).exit).toBe(2);
  expect((await strata(['down', '--all'], { checkout, env, confirm: false })).exit).toBe(1);
  expect(lives(pid)).toBe(true);

  const end = await strata(['down'], { checkout, env });
  expect([end.exit, end.stderr]).toEqual([0, 'the server has stopped\n']);
  expect(lives(pid)).toBe(false);
  expect((await strata(['down'], { checkout, env })).stderr).toBe('no server runs\n');
  expect(existsSync(home)).toBe(true);
  expect((await strata(['down', '--all', '--yes'], { checkout, env })).exit).toBe(0);
  expect(existsSync(home)).toBe(false);
}, 30_000);

it('says when the server ends before it serves, and when it takes too long', async () => {
  const broken = checkoutWith({ ...whole, 'deploy/start.mjs': 'console.log("no room"); process.exit(3);' });
  const { exit, stderr } = await strata(['up'], broken);
  expect(exit).toBe(1);
  expect(stderr).toContain('it ended with code 3');
  expect(stderr).toContain('no room\n');
  const slow = checkoutWith({ ...whole, 'deploy/start.mjs': 'setTimeout(() => {}, 2000);' });
  expect((await strata(['up', '--timeout', '0.3'], slow)).exit).toBe(7);
}, 30_000);

it('signals no process that merely has the number of a server that is gone', async () => {
  const { checkout, home, env } = checkoutWith({});
  const other = spawn('sleep', ['20'], { env: { PATH: process.env['PATH'] } });
  await once(other, 'spawn');
  mkdirSync(home);
  const file = { pid: other.pid, startedAt: new Date().toISOString(), apiUrl: 'http://127.0.0.1:1' };
  writeFileSync(join(home, 'server.pid'), JSON.stringify(file));
  expect((await strata(['down'], { checkout, env })).stderr).toBe('no server runs\n');
  expect(lives(other.pid ?? 0)).toBe(true);
  other.kill();
});

it('takes a database for ours only when it works inside the home and leads', async () => {
  const { home } = checkoutWith({});
  mkdirSync(join(home, 'postgres'), { recursive: true });
  const leader = spawn('sleep', ['20'], { cwd: join(home, 'postgres') });
  const bystander = spawn('sleep', ['20'], { cwd: join(home, 'postgres') });
  await Promise.all([once(leader, 'spawn'), once(bystander, 'spawn')]);
  writeFileSync(join(home, 'postgres/postmaster.pid'), `${leader.pid}\n/data\n`);
  expect(await databasesIn(home)).toEqual([leader.pid]);
  leader.kill();
  bystander.kill();
});

it('removes nothing that is more than a cloud, or none', async () => {
  const { checkout, env } = checkoutWith({ 'papers/thesis.txt': 'years of work' });
  for (const home of [checkout, '/', join(checkout, '..'), join(checkout, 'papers')]) {
    const { exit } = await strata(['down', '--all', '--yes'], { checkout, env: { ...env, STRATA_HOME: home } });
    expect(exit).toBe(2);
  }
  expect(existsSync(join(checkout, 'papers/thesis.txt'))).toBe(true);
});

it('examines the server: one that serves in part only is ill, with what it says itself', async () => {
  const { checkout, home } = checkoutWith({});
  mkdirSync(home);
  const ready = {
    status: 'degraded',
    checks: { 'iaas log': 'ok', 'iaas subscriptions': 'processes has parked 2 things' },
  };
  const cloud = await FakeCloud.open({ 'platform.ready': () => ready, 'platform.whoami': () => whoami });
  const env = { STRATA_HOME: home, STRATA_API: cloud.url, STRATA_KEY: 'secret-key', NO_COLOR: '1' };
  const { exit, stdout } = await strata(['doctor'], { checkout, env });
  await cloud.close();
  expect(exit).toBe(1);
  expect(stdout).toMatch(/^bad +server +serves at .+ \(iaas subscriptions: processes has parked 2 things\)/m);
});

it('examines the machine: a line each, and 1 when something must be mended', async () => {
  const { checkout, home, env } = checkoutWith({ 'node_modules/.package-lock.json': '{}' });
  mkdirSync(home);
  const gone = { ...env, STRATA_PORT: '1' };
  const well = await strata(['doctor', '-o', 'json'], { checkout, env: gone });
  const verdicts = Object.fromEntries(
    // The form that doctor promises; the expectations below would fail on another.
    (JSON.parse(well.stdout) as { check: string; verdict: string }[]).map(({ check, verdict }) => [check, verdict]),
  );
  expect(verdicts).toEqual(expect.objectContaining({ Node: 'ok', packages: 'warn', home: 'ok', server: 'warn' }));
  expect(Object.keys(verdicts)).toEqual(['Node', 'packages', 'libvirt', 'KVM', 'home', 'disk', 'server']);

  const credentials = { apiUrl: 'http://127.0.0.1:1', key: 'k', tenantId: 't', userId: 'u' };
  writeFileSync(join(home, 'credentials.json'), JSON.stringify(credentials));
  chmodSync(join(home, 'credentials.json'), 0o644);
  const ill = await strata(['doctor'], { checkout, env: gone });
  expect(ill.exit).toBe(1);
  expect(ill.stdout).toMatch(/^bad {3}home +others may read .+: run `chmod 600/m);
});
