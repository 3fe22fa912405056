import { existsSync, readFileSync } from 'node:fs';
import { readFile, readdir, readlink } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { z } from 'zod';

const PidFile = z.object({ pid: z.int().positive(), startedAt: z.string(), apiUrl: z.url() });
export type ServerProcess = z.infer<typeof PidFile>;

/** The parts of a file below /proc, which is gone when its process is. */
const partsOf = (path: string): readonly string[] | undefined => {
  try {
    return readFileSync(path, 'utf8').split('\0');
  } catch (error) {
    // ENOENT and ESRCH: the process ended meanwhile. EACCES: it belongs to somebody else, so it is not ours.
    if (error instanceof Error && 'code' in error && /^(ENOENT|ESRCH|EACCES)$/.test(String(error.code)))
      return undefined;
    throw error;
  }
};

/**
 * Whether the process is the server of this home. A number alone proves nothing: after a crash it may be anybody's, even
 * the server of another home.
 */
const serves = (pid: number, home: string): boolean => {
  if (!partsOf(`/proc/${pid}/cmdline`)?.some((word) => word.includes('apps/solo/'))) return false;
  // A process that has ended and waits to be collected has no environment any more.
  const named = partsOf(`/proc/${pid}/environ`)?.find((entry) => entry.startsWith('STRATA_HOME='));
  return named === undefined || named === `STRATA_HOME=${home}`;
};

/** The server that runs for this home, if one does. */
export const serverOf = (home: string): ServerProcess | undefined => {
  const path = join(home, 'server.pid');
  if (!existsSync(path)) return undefined;
  const server = PidFile.safeParse(jsonOf(readFileSync(path, 'utf8'))).data;
  return server && serves(server.pid, home) ? server : undefined;
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // Half a file is what a start or an end in this very moment leaves: it names no server.
    return undefined;
  }
};

/** Databases that a killed server left running inside a home: a server of PostgreSQL works in its data folder. */
export const databasesIn = async (home: string): Promise<readonly number[]> => {
  const found: number[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    // Other people's processes hide their folder, and they are none of ours.
    const cwd = await readlink(`/proc/${entry}/cwd`).catch(() => '');
    if (!cwd.startsWith(home + sep)) continue;
    const leader = await readFile(join(cwd, 'postmaster.pid'), 'utf8').catch(() => '');
    if (leader.split('\n')[0] === entry) found.push(Number(entry));
  }
  return found;
};

export const lives = (pid: number): boolean => {
  const state = /\) (\w)/.exec(partsOf(`/proc/${pid}/stat`)?.join('') ?? '')?.[1];
  return state !== undefined && state !== 'Z';
};
