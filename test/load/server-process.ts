import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { eventually } from '../host/eventually.js';
import { Asker } from './asker.js';

const server = fileURLToPath(new URL('../../apps/solo/src/main.js', import.meta.url));

const PidFile = z.object({ pid: z.number() });
const Credentials = z.object({ key: z.string() });

const START_WITHIN = 60_000;
const PORTS = 5;

export type ServerOptions = Readonly<{
  /** How many simulated hosts there are: each has 1,024 vCPU to give, and 255 GiB. */
  hosts?: number;
  /** An existing folder for all state; left out, one is made, and removed at the end. */
  home?: string;
  env?: Readonly<Record<string, string>>;
  /** The words before the program, such as those that set its limits. They must become the program, not start it. */
  within?: readonly string[];
  /** Options of Node. */
  node?: readonly string[];
}>;

/**
 * The product as people run it: a process of its own on a home of its own, with simulated hosts and an embedded PostgreSQL.
 * It may be killed and started again, and is found at the same address then.
 */
export class ServerProcess {
  #child: ChildProcess | undefined;
  #asker: Asker | undefined;

  private constructor(
    readonly home: string,
    readonly apiUrl: string,
    private readonly options: ServerOptions,
  ) {}

  static async start(options: ServerOptions = {}): Promise<ServerProcess> {
    const home = options.home ?? (await mkdtemp(join(tmpdir(), 'strata-fault-')));
    // PostgreSQL runs as another user, where root starts it.
    await chmod(home, 0o755);
    for (let tries = 1; ; tries++) {
      const cloud = new ServerProcess(home, `http://127.0.0.1:${await freePort()}`, options);
      try {
        await cloud.start();
        return cloud;
      } catch (error) {
        // Somebody else was given the port that was free a moment ago.
        if (tries < PORTS && String(error).includes('EADDRINUSE')) continue;
        await cloud.remove();
        throw error;
      }
    }
  }

  /** Starts it on whatever the home holds. @returns after how many milliseconds it served */
  async start(): Promise<number> {
    const began = performance.now();
    const pidFile = join(this.home, 'server.pid');
    await rm(pidFile, { force: true });
    const log = openSync(this.#log, 'a');
    const { within = [], node = [] } = this.options;
    const [program, ...words] = [...within, process.execPath, '--enable-source-maps', ...node, server];
    const child = spawn(program, words, { stdio: ['ignore', log, log], env: this.#environment() });
    closeSync(log);
    this.#child = child;
    const serves = () => {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the server ended: ${this.log()}`);
      return existsSync(pidFile) && readFileSync(pidFile, 'utf8').endsWith('\n');
    };
    await eventually('the server serves', serves, START_WITHIN);
    if (PidFile.parse(JSON.parse(readFileSync(pidFile, 'utf8'))).pid !== child.pid)
      throw new Error('the words before the program have started it instead of becoming it');
    return performance.now() - began;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error('the server does not run');
    return pid;
  }

  /** The embedded PostgreSQL's postmaster. */
  get databasePid(): number {
    return Number(readFileSync(join(this.home, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
  }

  /** Where the embedded PostgreSQL is, for whoever looks behind the server's back. */
  get databaseUrl(): string {
    const folder = join(this.home, 'postgres');
    const password = readFileSync(join(folder, 'password'), 'utf8');
    const port = readFileSync(join(folder, 'data', 'postmaster.pid'), 'utf8').split('\n')[3];
    return `postgres://strata:${password}@127.0.0.1:${port}/postgres`;
  }

  get bearer(): string {
    return Credentials.parse(JSON.parse(readFileSync(join(this.home, 'credentials.json'), 'utf8'))).key;
  }

  get asker(): Asker {
    return (this.#asker ??= new Asker({ apiUrl: this.apiUrl, bearer: this.bearer }));
  }

  /** What the servers of this home have said. */
  log(): string {
    return existsSync(this.#log) ? readFileSync(this.#log, 'utf8') : '';
  }

  /** As a machine kills what takes too much memory: no goodbye, nothing flushed. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** Stops it and removes everything of it. */
  async remove(): Promise<void> {
    await this.stop();
    this.#asker?.close();
    if (this.options.home === undefined) await rm(this.home, { recursive: true, force: true, maxRetries: 5 });
    await rm(this.#log, { force: true });
  }

  get #log(): string {
    return `${this.home}.log`;
  }

  /** Settings of whoever runs the tests are not ours. */
  #environment() {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('STRATA_'));
    return {
      ...Object.fromEntries(inherited),
      STRATA_HOME: this.home,
      STRATA_PORT: new URL(this.apiUrl).port,
      STRATA_HYPERVISOR: 'simulated',
      STRATA_SIMULATED_HOSTS: String(this.options.hosts ?? 3),
      ...this.options.env,
    };
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    const late = setTimeout(() => child.kill('SIGKILL'), 30_000);
    child.kill(signal);
    await ended;
    clearTimeout(late);
  }
}

const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('there is no free port');
  return address.port;
};
