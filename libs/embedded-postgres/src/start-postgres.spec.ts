import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { FolderInUse } from './folder-lock.js';
import { startPostgres } from './start-postgres.js';

const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;
const isAlive = (pid: number) => existsSync(`/proc/${pid}`);

const ask = async (url: string, text: string) => {
  const client = new Client(url);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
};

/** Another process that starts a server in the folder, says where, and then only lives. */
const startElsewhere = async (folder: string, ids: Readonly<{ uid?: number; gid?: number }> = {}) => {
  const script = `
    const { startPostgres } = await import(${JSON.stringify(new URL('./start-postgres.js', import.meta.url).href)});
    const { url, pid } = await startPostgres({ folder: ${JSON.stringify(folder)}, fsync: false });
    console.log(JSON.stringify({ url, pid }));
    setInterval(() => {}, 1_000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    ...ids,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await new Promise<string>((resolve, reject) => {
    parent.stdout.once('data', (data: Buffer) => resolve(data.toString()));
    parent.once('exit', (code) => reject(new Error(`it ended with ${code}`)));
  });
  // The line is what the script above printed.
  return { parent, ...(JSON.parse(line) as Readonly<{ url: string; pid: number }>) };
};

const ended = (child: ChildProcess) => new Promise((resolve) => child.once('exit', resolve));

const eventually = async (what: string, condition: () => boolean) => {
  const deadline = Date.now() + 15_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

const gone = (pid: number) => eventually(`process ${pid} is gone`, () => !isAlive(pid));

describe('PostgreSQL in a folder', () => {
  let folder: string;
  // One cluster for all, because making one takes longer than all the rest.
  beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'strata-postgres-'))));
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('starts, stops, and has kept its rows at the next start', async () => {
    const first = await startPostgres({ folder, fsync: false });
    await ask(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.stop();
    expect(isAlive(first.pid)).toBe(false);

    const began = performance.now();
    const second = await startPostgres({ folder, fsync: true });
    const took = performance.now() - began;
    expect(await ask(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    expect(await ask(second.url, 'SHOW fsync')).toEqual([{ fsync: 'on' }]);
    await second.stop();
    expect(took).toBeLessThan(5_000);
  }, 30_000);

  it('listens on loopback only, with a password that is in no process list, no log and no readable file', async () => {
    const server = await startPostgres({ folder, fsync: false });
    const password = await readFile(join(folder, 'password'), 'utf8');
    expect(password.length).toBeGreaterThan(30);
    expect((await stat(join(folder, 'password'))).mode & 0o777).toBe(0o600);
    expect(await readFile(`/proc/${server.pid}/cmdline`, 'utf8')).not.toContain(password);
    expect(await ask(server.url, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
    expect(await ask(server.url, 'SHOW unix_socket_directories')).toEqual([{ unix_socket_directories: '' }]);
    await expect(ask(server.url.replace(password, 'guess'), 'SELECT 1')).rejects.toThrow(
      'password authentication failed',
    );
    await server.stop();
    expect(await readFile(join(folder, 'postgres.log'), 'utf8')).not.toContain(password);
  }, 30_000);

  it('belongs to one parent at a time', async () => {
    const server = await startPostgres({ folder, fsync: false });
    await expect(startPostgres({ folder, fsync: false })).rejects.toThrow(FolderInUse);
    await server.stop();
    await (await startPostgres({ folder, fsync: false })).stop();
  }, 30_000);

  it('ends with a parent that is killed, and starts again for the next one', async () => {
    const { parent, url, pid } = await startElsewhere(folder);
    await ask(url, 'CREATE TABLE survived AS SELECT 1 AS answer');
    const end = ended(parent);
    parent.kill('SIGKILL');
    await end;
    const server = await startPostgres({ folder, fsync: false });
    expect(await ask(server.url, 'SELECT answer FROM survived')).toEqual([{ answer: 1 }]);
    await gone(pid);
    await server.stop();
  }, 30_000);

  it('starts after a power cut that left a process id which is somebody else now', async () => {
    await (await startPostgres({ folder, fsync: false })).stop();
    await writeFile(join(folder, 'data', 'postmaster.pid'), `${process.pid}\n${folder}/data\n`);
    await (await startPostgres({ folder, fsync: false })).stop();
  }, 30_000);

  it('begins again when its first start was broken off, and says what is wrong when it cannot start', async () => {
    const other = join(folder, 'other');
    await mkdir(join(other, 'data.new'), { recursive: true });
    await writeFile(join(other, 'data.new', 'half'), '');
    const server = await startPostgres({ folder, fsync: false });
    const taken = startPostgres({ folder: other, fsync: false, port: server.port });
    await expect(taken).rejects.toThrow(/did not start:[^]*Address already in use/);
    expect(await readdir(other)).toContain('data');
    expect(await readdir(other)).not.toContain('data.new');
    await (await startPostgres({ folder: other, fsync: false })).stop();
    await server.stop();
  }, 30_000);

  it('is followed by another on the same port when it is killed, until it is told to stop', async () => {
    const told: string[] = [];
    const server = await startPostgres({ folder, fsync: true, tell: (line) => told.push(line) });
    await ask(server.url, 'CREATE TABLE outlived AS SELECT 1 AS answer');
    const { pid } = server;
    process.kill(pid, 'SIGKILL');
    await eventually('another answers', () => server.pid !== pid);
    expect(await ask(server.url, 'SELECT answer FROM outlived')).toEqual([{ answer: 1 }]);
    expect(told).toEqual([
      'PostgreSQL has ended (SIGKILL): it is started again',
      expect.stringMatching(/^PostgreSQL is back after \d+ ms$/),
    ]);
    await server.stop();
    expect(isAlive(server.pid)).toBe(false);
    expect(told).toHaveLength(2);
  }, 30_000);

  it('is tried again until it starts, and can be told to stop meanwhile', async () => {
    const told: string[] = [];
    const server = await startPostgres({ folder, fsync: true, tell: (line) => told.push(line) });
    const { pid } = server;
    const data = join(folder, 'data');
    await rename(data, `${data}.away`);
    process.kill(pid, 'SIGKILL');
    await eventually('it has failed to start', () => told.some((line) => line.includes('did not start')));
    await rename(`${data}.away`, data);
    await eventually('another answers', () => server.pid !== pid);
    await rename(data, `${data}.away`);
    process.kill(server.pid, 'SIGKILL');
    await eventually('it has failed to start', () => told.filter((it) => it.includes('did not start')).length > 1);
    await server.stop();
    await rename(`${data}.away`, data);
  }, 30_000);

  if (isRoot) {
    it('runs for another user than root too', async () => {
      const own = await mkdtemp(join(tmpdir(), 'strata-postgres-'));
      await chown(own, NOBODY, NOBODY);
      const { parent, url, pid } = await startElsewhere(own, { uid: NOBODY, gid: NOBODY });
      expect(await ask(url, 'SELECT current_user AS user')).toEqual([{ user: 'strata' }]);
      const end = ended(parent);
      parent.kill('SIGTERM');
      await end;
      await gone(pid);
      await rm(own, { recursive: true });
    }, 30_000);

    it('names the folder in its way', async () => {
      const closed = await mkdtemp(join(tmpdir(), 'strata-closed-'));
      const inner = startPostgres({ folder: join(closed, 'inner'), fsync: false });
      await expect(inner).rejects.toThrow(`cannot pass ${closed}`);
      await rm(closed, { recursive: true });
    });
  } else {
    it('runs as who started it', async () => {
      const server = await startPostgres({ folder, fsync: false });
      const owner = execFileSync('stat', ['-c', '%u', `/proc/${server.pid}`])
        .toString()
        .trim();
      expect(Number(owner)).toBe(process.getuid?.());
      await server.stop();
    }, 30_000);
  }
});
