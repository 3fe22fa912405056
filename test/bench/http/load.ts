import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { CloudProcess } from '../cloud-process.js';
import type { Ends } from '../ends.js';

/** What is asked, again and again. */
export type Asking =
  /** Instances called `<prefix>-1`, `<prefix>-2` … */
  | Readonly<{ what: 'instances'; prefix: string }>
  /** These pages, by their paths, one after the other; each has so many items. */
  | Readonly<{ what: 'pages'; paths: readonly string[]; items: number }>;

/** What the process that makes the load is told, as its only argument in JSON. */
export type Load = Readonly<{ apiUrl: string; key: string; perSecond: number; seconds: number; ask: Asking }>;

/** What it answers, as one line of JSON. */
export type LoadResult = Readonly<{
  /** Milliseconds from when each request was due until its whole answer was there, in the order of answers. */
  answeredMs: readonly number[];
  /** Every answer that was not the wanted one, counted by status, or by the error of the connection. */
  refused: Readonly<Record<string, number>>;
  /** By how many milliseconds the latest request left late: where that is much, the generator itself is too slow. */
  lateMs: number;
}>;

const generator = fileURLToPath(import.meta.resolve('./load-generator.js'));

/** Asks a cloud at a steady rate, from a process of its own, so that neither is in the other's way. */
export const drive = async (
  { apiUrl, key }: Pick<CloudProcess, 'apiUrl' | 'key'>,
  load: Omit<Load, 'apiUrl' | 'key'>,
  ends: Ends,
): Promise<LoadResult> => {
  const told: Load = { apiUrl, key, ...load };
  const running = promisify(execFile)(process.execPath, [generator, JSON.stringify(told)], { maxBuffer: 1 << 26 });
  const end = ends.add(async () => void running.child.kill('SIGKILL'));
  const { stdout } = await running;
  await end();
  return JSON.parse(stdout) as LoadResult; // Written by load-generator.ts.
};
