import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { account, barrierTo, give } from './account.js';
import type { Account } from './account.js';
import { exists, findBinaries } from './binaries.js';
import { lockFolder } from './folder-lock.js';
import { Keeper } from './keeper.js';
import { stopOrphan } from './orphan.js';
import { beginLog, ENVIRONMENT } from './server.js';

export type PostgresOptions = Readonly<{
  /** Holds the cluster, its password and its log. Made when it is not there. */
  folder: string;
  /** 0 or left out: a free one. */
  port?: number;
  /** `false` only for tests: a power cut then costs the cluster. */
  fsync: boolean;
  /** Told what an operator should know: that the server has ended by itself, and that it is back. */
  tell?: (line: string) => void;
}>;

/** `pid` is that of the server which runs now: one that ends by itself is followed by another on the same port. */
export type Postgres = Readonly<{ url: string; port: number; pid: number; stop(): Promise<void> }>;

const USER = 'strata';

/**
 * Starts a PostgreSQL server of our own on loopback, and makes its cluster at the first start. A server that a killed
 * process left behind in this folder is stopped first; one that ends before it is told to is started again.
 * @throws a sentence that says what to do: no binaries, a folder in use or out of reach, a server that will not start
 */
export const startPostgres = async ({ folder: named, port = 0, fsync, tell }: PostgresOptions): Promise<Postgres> => {
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
    await beginLog(folder);
    const keeper = await Keeper.start({ binaries, folder, user, fsync }, port, tell ?? (() => undefined));
    return {
      url: `postgres://${USER}:${password}@127.0.0.1:${keeper.port}/postgres`,
      port: keeper.port,
      get pid() {
        return keeper.pid;
      },
      async stop() {
        await keeper.stop();
        await unlock();
      },
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
