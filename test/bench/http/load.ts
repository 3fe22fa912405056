import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { CloudProcess } from '../cloud-process.js';
import type { Ends } from '../ends.js';

/** What the process that makes the load is told, as its only argument in JSON. */
export type Load = Readonly<{
  apiUrl: string;
  key: string;
  /** Instances are called `<prefix>-1`, `<prefix>-2` … */
  prefix: string;
  perSecond: number;
  seconds: number;
}>;

/** What it answers, as one line of JSON. */
export type LoadResult = Readonly<{
  /** Milliseconds from when each request was due until its answer was there, in the order of answers. */
  acceptMs: readonly number[];
  /** Every answer that was no 202, counted by status, or by the error of the connection. */
  refused: Readonly<Record<string, number>>;
  /** By how many milliseconds the latest request left late: where that is much, the generator itself is too slow. */
  lateMs: number;
}>;

const generator = fileURLToPath(import.meta.resolve('./load-generator.js'));

/** Asks a cloud for instances at a steady rate, from a process of its own, so that neither is in the other's way. */
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
