import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** What the process that presses is told, as its only argument in JSON. */
export type Pressure = Readonly<{ apiUrl: string; bearer: string; seconds: number; prefix: string }> &
  (Readonly<{ callers: number }> | Readonly<{ perSecond: number }>);

/** What it answers, as one line of JSON. */
export type Result = Readonly<{
  /** Milliseconds from sending to answer, of what was accepted and of what was refused with 429 or 503. */
  acceptedMs: readonly number[];
  refusedMs: readonly number[];
  /** How often each status was answered; `none` where nothing was. */
  statuses: Readonly<Record<string, number>>;
  /** How many were accepted in each second. */
  acceptedIn: readonly number[];
  /** By how much the latest request left late: where that is much, the generator itself is too slow. */
  lateMs: number;
}>;

const generator = fileURLToPath(import.meta.resolve('./pressure-generator.js'));

/** Asks a server for instances, more than it can make if need be. */
export const press = async (pressure: Pressure): Promise<Result> => {
  const { stdout } = await promisify(execFile)(process.execPath, [generator, JSON.stringify(pressure)], {
    maxBuffer: 1 << 28,
    timeout: (pressure.seconds + 60) * 1000,
  });
  return JSON.parse(stdout) as Result; // Written by pressure-generator.ts.
};
