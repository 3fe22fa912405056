import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { CloudProcess } from '../cloud-process.js';
import type { Ends } from '../ends.js';
import type { Comparison } from './stream-comparison.js';

/** What the process with the clients is told, as its only argument in JSON. */
export type FollowTask = Readonly<{
  apiUrl: string;
  key: string;
  clients: number;
  /** They follow what comes after this position. */
  since: number;
  dropsPerSecond: number;
}>;

/** What it is told in the end: what each client should have received. */
export type Wanted = Readonly<{ positions: readonly number[] }>;

/** What it answers: counted over all clients. */
export type Followed = Comparison &
  Readonly<{
    /** How many connections were broken, and made anew. */
    drops: number;
    /** Milliseconds from the time of each event's command until a client had received it. */
    latencies: readonly number[];
    /** Milliseconds that each of them took to be connected again. */
    reconnectMs: readonly number[];
  }>;

const program = fileURLToPath(import.meta.resolve('./stream-clients.js'));

/** Clients that follow a cloud from a process of their own. Resolves when all of them are connected. */
export const follow = async (
  { apiUrl, key }: Pick<CloudProcess, 'apiUrl' | 'key'>,
  task: Omit<FollowTask, 'apiUrl' | 'key'>,
  ends: Ends,
): Promise<(wanted: Wanted) => Promise<Followed>> => {
  const told: FollowTask = { apiUrl, key, ...task };
  const child = fork(program, [JSON.stringify(told)], { detached: true, execArgv: ['--enable-source-maps'] });
  const end = ends.add(async () => void child.kill('SIGKILL'));
  const gone = once(child, 'exit').then(() => Promise.reject(new Error('the clients of the streams have ended')));
  gone.catch(() => undefined);
  await Promise.race([once(child, 'message'), gone]);
  return async (wanted) => {
    child.send(wanted);
    const answered: unknown[] = await Promise.race([once(child, 'message'), gone]);
    await end();
    return answered[0] as Followed; // Written by stream-clients.ts.
  };
};
