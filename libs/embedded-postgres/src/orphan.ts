import { readFile, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { exists } from './binaries.js';

const POLITE = 10_000;

/**
 * Stops the server that a killed parent left behind. It is not taken over: its settings are another start's, and a
 * fast shutdown with a start costs less than half a second. Call it under the folder's lock.
 */
export const stopOrphan = async (data: string): Promise<void> => {
  const file = join(data, 'postmaster.pid');
  if (!(await exists(file))) return;
  const pid = Number((await readFile(file, 'utf8')).split('\n')[0]);
  if (Number.isInteger(pid) && (await worksIn(pid, data))) {
    process.kill(pid, 'SIGINT');
    for (const began = Date.now(); await worksIn(pid, data); await pause(20)) {
      if (Date.now() - began > 2 * POLITE) throw new Error(`process ${pid} in ${data} does not stop: kill it`);
      if (Date.now() - began > POLITE) process.kill(pid, 'SIGQUIT');
    }
  }
  // PostgreSQL would refuse to start if the number now belongs to some other process of the same user.
  await rm(file, { force: true });
};

/** A server's working directory is its data directory; a process that merely got the same number has another one. */
const worksIn = async (pid: number, data: string) =>
  readlink(`/proc/${pid}/cwd`).then(
    (cwd) => cwd === data,
    () => false,
  );
