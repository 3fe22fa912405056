import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { account, barrierTo, give } from './account.js';
import type { Account } from './account.js';
import { exists, findBinaries } from './binaries.js';
import { lockFolder } from './folder-lock.js';
import { stopOrphan } from './orphan.js';

export type PostgresOptions = Readonly<{
  /** Holds the cluster, its password and its log. Made when it is not there. */
  folder: string;
  /** 0 or left out: a free one. */
  port?: number;
  /** `false` only for tests: a power cut then costs the cluster. */
  fsync: boolean;
}>;

export type Postgres = Readonly<{ url: string; port: number; pid: number; stop(): Promise<void> }>;

const USER = 'strata';
const PATIENCE = 30_000;
const ENVIRONMENT = { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' };

/**
 * Starts a PostgreSQL server of our own on loopback, and makes its cluster at the first start. A server that a killed
 * process left behind in this folder is stopped first.
 * @throws a sentence that says what to do: no binaries, a folder in use or out of reach, a server that will not start
 */
export const startPostgres = async ({ folder: named, port = 0, fsync }: PostgresOptions): Promise<Postgres> => {
  await mkdir(named, { recursive: true });
  const folder = await realpath(named);
  const user = account();
  await give(folder, user);
  const barrier = await barrierTo(folder, user);
  if (barrier !== undefined) {
    throw new Error(
      `PostgreSQL runs as the user nobody when root starts it, and nobody cannot pass ${barrier}: ` +
        `run "chmod o+x ${barrier}", choose a folder elsewhere, or start as another user`,
    );
  }

  const unlock = await lockFolder(folder);
  try {
    const binaries = await findBinaries(folder, user);
    const data = join(folder, 'data');
    await stopOrphan(data);
    const password = await passwordOf(folder, user);
    if (!(await exists(data))) await makeCluster(binaries, folder, user, fsync);
    const { server, port: bound } = await serve(binaries, folder, user, port, fsync);
    return {
      ...handleOf(server, user, unlock),
      port: bound,
      url: `postgres://${USER}:${password}@127.0.0.1:${bound}/postgres`,
    };
  } catch (error) {
    await unlock();
    throw error;
  }
};

const passwordOf = async (folder: string, user: Account) => {
  const file = join(folder, 'password');
  if (!(await exists(file))) {
    await writeFile(file, randomBytes(24).toString('base64url'), { mode: 0o600, flag: 'wx' });
    await give(file, user);
  }
  return readFile(file, 'utf8');
};

/** Made aside and renamed, so that a first start that was broken off begins again instead of failing for ever. */
const makeCluster = async (binaries: string, folder: string, user: Account, fsync: boolean) => {
  const draft = join(folder, 'data.new');
  await rm(draft, { recursive: true, force: true });
  const cluster = ['--pgdata', draft, '--username', USER, '--pwfile', join(folder, 'password')];
  const rules = ['--auth', 'scram-sha-256', '--encoding', 'UTF8', '--locale', 'C', '--no-instructions'];
  const options = { ...user, env: ENVIRONMENT, cwd: folder };
  await promisify(execFile)(join(binaries, 'initdb'), [...cluster, ...rules, ...(fsync ? [] : ['--no-sync'])], options);
  await rename(draft, join(folder, 'data'));
};

const serve = async (binaries: string, folder: string, user: Account, port: number, fsync: boolean) => {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const bound = port === 0 ? await freePort() : port;
    const server = await launch(binaries, folder, user, settings(bound, fsync));
    const failure = await readiness(server, folder, deadline);
    if (failure === undefined) return { server, port: bound };
    // Another process was given the same free port, or the last server's children have not noticed its death yet.
    const isPassing =
      /pre-existing shared memory/.test(failure) || (port === 0 && /Address already in use/.test(failure));
    if (!isPassing || Date.now() > deadline) throw new Error(`PostgreSQL in ${folder} did not start:\n${failure}`);
    await pause(50);
  }
};

const settings = (port: number, fsync: boolean): readonly string[] => {
  const common = [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'shared_buffers=64MB',
    'max_connections=50',
    'timezone=UTC',
  ];
  const careless = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];
  return [...common, ...(fsync ? [] : careless)].flatMap((setting) => ['-c', setting]);
};

/**
 * The log goes to a file and the server into a session of its own: it neither loses its voice when we are killed, nor
 * takes the Ctrl-C that is meant for us and shuts down under our feet.
 */
const launch = async (binaries: string, folder: string, user: Account, flags: readonly string[]) => {
  const file = join(folder, 'postgres.log');
  if (await exists(file)) await rename(file, `${file}.1`);
  const log = await open(file, 'w', 0o600);
  try {
    const stdio = ['ignore', log.fd, log.fd] as const;
    const options = { ...user, env: ENVIRONMENT, cwd: folder, detached: true, stdio: [...stdio] };
    const server = spawn(join(binaries, 'postgres'), ['-D', join(folder, 'data'), ...flags], options);
    await new Promise((resolve, reject) => server.once('spawn', resolve).once('error', reject));
    return server;
  } finally {
    await log.close();
  }
};

/** `undefined` once the server answers; otherwise the end of its log. */
const readiness = async (server: ChildProcess, folder: string, deadline: number) => {
  const file = join(folder, 'data', 'postmaster.pid');
  while (server.exitCode === null && server.signalCode === null && Date.now() < deadline) {
    const [pid, , , , , , , status] = (await exists(file)) ? (await readFile(file, 'utf8')).split('\n') : [];
    if (Number(pid) === server.pid && status?.trim() === 'ready') return undefined;
    await pause(10);
  }
  server.kill('SIGQUIT');
  return (await readFile(join(folder, 'postgres.log'), 'utf8')).split('\n').slice(-12).join('\n');
};

const handleOf = (server: ChildProcess, user: Account, unlock: () => Promise<void>) => {
  const { pid } = server;
  if (pid === undefined) throw new Error('PostgreSQL has no process id');
  const exited = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const guard = guardOf(pid, user);
  server.unref();
  return {
    pid,
    async stop() {
      guard.kill();
      const late = setTimeout(() => server.kill('SIGQUIT'), PATIENCE / 3);
      if (server.exitCode === null && server.signalCode === null) {
        server.ref();
        server.kill('SIGINT');
        await exited;
      }
      clearTimeout(late);
      await unlock();
    },
  };
};

/**
 * Shuts the server down when we are gone, however that happens: the shell waits for the end of a pipe whose other end
 * the kernel closes with our last breath. Neither it nor the server keeps us alive.
 */
const guardOf = (pid: number, user: Account) => {
  const guard = spawn('/bin/sh', ['-c', 'read _; kill -INT "$0"', String(pid)], {
    ...user,
    env: ENVIRONMENT,
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.unref();
  // The pipe is a socket to Node, whose type does not say so; held open and never written to, it must not hold us.
  if (guard.stdin instanceof Socket) guard.stdin.unref();
  return guard;
};

const freePort = () =>
  new Promise<number>((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no free port')),
      );
    });
  });
