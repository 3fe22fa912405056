import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Conditions } from './bench.js';
import type { Ends } from './ends.js';

const server = fileURLToPath(new URL('../../apps/solo/src/main.js', import.meta.url));
const Credentials = z.object({ apiUrl: z.string(), key: z.string() });
const Status = z.object({ position: z.number(), instances: z.record(z.string(), z.number()) });
export type Status = z.infer<typeof Status>;

const START_WITHIN = 60_000;
const STOP_WITHIN = 30_000;

/** A folder of its own in `under`. PostgreSQL's and guests' processes run as other users, who must be able to pass. */
export const makeFolder = async (ends: Ends, under = tmpdir()): Promise<string> => {
  const folder = await mkdtemp(join(under, 'strata-bench-'));
  ends.add(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o755);
  return folder;
};

type Wanted = Readonly<{ home: string; hypervisor: 'libvirt' | 'simulated'; simulatedHosts?: number }>;

/** The product as people run it, in a process of its own and on a free port. */
export class CloudProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly pid: number,
    readonly apiUrl: string,
    readonly key: string,
    /** From the start of the process until it said that it serves, in milliseconds. */
    readonly startMs: number,
  ) {}

  /** @throws with the last words of the server when it does not come up */
  static async start(wanted: Wanted, { ends, profile }: Pick<Conditions, 'ends' | 'profile'>): Promise<CloudProcess> {
    const began = performance.now();
    const flags = profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profile];
    const child = spawn(process.execPath, ['--enable-source-maps', '--max-semi-space-size=32', ...flags, server], {
      stdio: ['ignore', 'pipe', 'pipe'],
      // A Ctrl-C in the terminal is for the bench, which then ends its servers in order.
      detached: true,
      env: environmentOf(wanted),
    });
    ends.add(() => stop(child));
    await untilItServes(child);
    const startMs = performance.now() - began;
    const { pid } = child;
    if (pid === undefined) throw new Error('the server has no process id');
    const credentials: unknown = JSON.parse(await readFile(join(wanted.home, 'credentials.json'), 'utf8'));
    const { apiUrl, key } = Credentials.parse(credentials);
    return new CloudProcess(child, pid, apiUrl, key, startMs);
  }

  /** Asks the API. @throws when it answers anything but success */
  async ask(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${this.apiUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.key}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return JSON.parse(text);
  }

  async status(): Promise<Status> {
    return Status.parse(await this.ask('GET', '/v1/status'));
  }

  /** @throws when that many instances do not run in time */
  async untilRunning(instances: number, seconds = 60): Promise<void> {
    for (const deadline = Date.now() + seconds * 1000; ;) {
      const { instances: counted } = await this.status();
      if ((counted['running'] ?? 0) >= instances) return;
      if (Date.now() > deadline)
        throw new Error(`${instances} instances should run after ${seconds} s; there are ${JSON.stringify(counted)}`);
      await pause(200);
    }
  }

  stop(): Promise<void> {
    return stop(this.child);
  }
}

/** Settings of whoever runs the bench are not ours. */
const environmentOf = ({ home, hypervisor, simulatedHosts }: Wanted) => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('STRATA_'))),
  STRATA_HOME: home,
  STRATA_PORT: '0',
  STRATA_HYPERVISOR: hypervisor,
  ...(simulatedHosts !== undefined && { STRATA_SIMULATED_HOSTS: String(simulatedHosts) }),
});

/** Its words are read to the end, so that it never waits for a reader. */
const untilItServes = (child: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    const said: string[] = [];
    const fail = (why: string) => reject(new Error(`the server ${why}:\n${said.join('\n')}`));
    const late = setTimeout(() => fail(`did not serve within ${START_WITHIN / 1000} s`), START_WITHIN);
    const listen = (line: string) => {
      said.push(line);
      if (said.length > 20) said.shift();
      if (!line.startsWith('Strata serves')) return;
      clearTimeout(late);
      resolve();
    };
    for (const input of [child.stdout, child.stderr]) if (input) createInterface({ input }).on('line', listen);
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      clearTimeout(late);
      fail(`ended with ${code ?? signal}`);
    });
  });

const stop = async (child: ChildProcess): Promise<void> => {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGINT');
  await ended;
  clearTimeout(late);
};
