import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { open, readFile, rename } from 'node:fs/promises';
import { createServer, Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { exists } from './binaries.js';
import type { Account } from './account.js';

/** Everything that one server needs to be started, and the next one in its place. */
export type Place = Readonly<{ binaries: string; folder: string; user: Account; fsync: boolean }>;

/** What children of ours see of our environment. */
export const ENVIRONMENT = { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' };
export const PATIENCE = 30_000;

export type Running = Readonly<{ process: ChildProcess; pid: number; port: number }>;

/**
 * Starts a server and waits until it answers.
 * @param port 0: a free one
 * @throws with the end of its log when it does not
 */
export const serve = async (place: Place, port: number): Promise<Running> => {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const bound = port === 0 ? await freePort() : port;
    const server = await launch(place, settings(bound, place.fsync));
    const failure = await readiness(server, place.folder, deadline);
    const { pid } = server;
    if (failure === undefined && pid !== undefined) return { process: server, pid, port: bound };
    // Another process was given the same free port, or the last server's children have not noticed its death yet.
    const isPassing =
      /pre-existing shared memory/.test(failure ?? '') || (port === 0 && /Address already in use/.test(failure ?? ''));
    if (!isPassing || Date.now() > deadline)
      throw new Error(`PostgreSQL in ${place.folder} did not start:\n${failure}`);
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
const launch = async ({ binaries, folder, user }: Place, flags: readonly string[]) => {
  const log = await open(logOf(folder), 'a', 0o600);
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

const logOf = (folder: string) => join(folder, 'postgres.log');

/** The log of the start before stays beside the new one. */
export const beginLog = async (folder: string): Promise<void> => {
  if (await exists(logOf(folder))) await rename(logOf(folder), `${logOf(folder)}.1`);
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
  return (await readFile(logOf(folder), 'utf8')).split('\n').slice(-12).join('\n');
};

/**
 * Shuts a server down when we are gone, however that happens: the shell waits for the end of a pipe whose other end the
 * kernel closes with our last breath. Neither it nor the server keeps us alive.
 */
export const guardOf = (pid: number, user: Account): ChildProcess => {
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
