import { InstanceView, Operation, pageOf } from '@strata/contracts';
import { ImageCache } from '@strata/guest-images';
import type { Recipe } from '@strata/guest-images';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import { eventually } from './eventually.js';

const built = resolve(import.meta.dirname, '../..');
const server = join(built, 'apps/solo/src/main.js');
const commandLine = join(built, 'apps/cli/src/main.js');

/** Building takes half a minute and more: what was built for one run of the tests serves the next. */
const images = join(process.cwd(), '.cache/images');

const PidFile = z.object({ pid: z.number(), apiUrl: z.url() });
const Credentials = z.object({ key: z.string() });

export type Answer = Readonly<{ status: number; body: unknown }>;
export type CommandResult = Readonly<{ exit: number | null; stdout: string; stderr: string }>;

export type CloudOptions = Readonly<{
  /** Images that are there from the beginning. */
  recipes?: readonly Recipe[];
  /** The words before each program, such as those that enter another namespace. */
  within?: readonly string[];
}>;

/** A whole cloud as an administrator has it: one server process on a home of its own, real guests, the real command line. */
export class RealCloud {
  #process: ChildProcess | undefined;
  #server = { pid: 0, apiUrl: '' };
  #key = '';

  private constructor(
    /** QEMU's user can reach it. */
    readonly home: string,
    private readonly within: readonly string[],
  ) {}

  static async start({ recipes = ['tiny'], within = [] }: CloudOptions = {}): Promise<RealCloud> {
    const home = await mkdtemp('/var/tmp/strata-host-');
    await chmod(home, 0o755);
    const cloud = new RealCloud(home, within);
    try {
      for (const recipe of recipes) await seed(home, recipe);
      await cloud.startServer();
    } catch (error) {
      await cloud.remove();
      throw error;
    }
    return cloud;
  }

  get pid(): number {
    return this.#server.pid;
  }

  /** Starts the control plane, on whatever the home holds. @returns how long it took to serve, in milliseconds */
  async startServer(): Promise<number> {
    const begun = performance.now();
    const pidFile = join(this.home, 'server.pid');
    await rm(pidFile, { force: true });
    const log = openSync(this.#log, 'a');
    const child = this.#spawn([server], ['ignore', log, log]);
    closeSync(log);
    this.#process = child;
    await eventually('the server serves', () => {
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}: ${this.log()}`);
      return existsSync(pidFile) && readFileSync(pidFile, 'utf8').endsWith('\n');
    });
    this.#server = PidFile.parse(JSON.parse(readFileSync(pidFile, 'utf8')));
    this.#key = Credentials.parse(JSON.parse(readFileSync(join(this.home, 'credentials.json'), 'utf8'))).key;
    return performance.now() - begun;
  }

  /** What the servers of this home wrote. */
  log(): string {
    return readFileSync(this.#log, 'utf8');
  }

  /** As a machine kills what takes too much memory: no goodbye, nothing flushed. */
  async killServer(): Promise<void> {
    const ended = this.#ended();
    process.kill(this.pid, 'SIGKILL');
    await ended;
  }

  async stopServer(): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = this.#ended();
    child.kill('SIGTERM');
    await ended;
  }

  /** Removes everything that this home has on the machine, whatever state a story left it in. */
  async remove(): Promise<void> {
    await this.stopServer();
    if (existsSync(this.home)) {
      const { exit, stderr } = await this.cli('down', '--all', '--yes');
      if (exit !== 0) throw new Error(`down --all ended with ${exit}: ${stderr}`);
    }
    await rm(this.#log, { force: true });
  }

  // ── Asking ─────────────────────────────────────────────────────

  async ask(method: string, path: string, body?: object, idempotencyKey: string = randomUUID()): Promise<Answer> {
    const response = await fetch(new URL(path, this.#server.apiUrl), {
      method,
      headers: {
        authorization: `Bearer ${this.#key}`,
        ...(method !== 'GET' && { 'idempotency-key': idempotencyKey }),
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    return { status: response.status, body: await response.json() };
  }

  async instances(): Promise<readonly InstanceView[]> {
    const { body } = await this.ask('GET', '/v1/instances?pageSize=1000');
    return pageOf(InstanceView).parse(body).items;
  }

  /** @throws when there is none of this name or id */
  async instance(nameOrId: string): Promise<InstanceView> {
    const { body } = await this.ask('GET', `/v1/instances/${nameOrId}`);
    return InstanceView.parse(body);
  }

  async operations(): Promise<readonly Operation[]> {
    const { body } = await this.ask('GET', '/v1/operations?pageSize=1000');
    return pageOf(Operation).parse(body).items;
  }

  /** One run of the command line, in a process of its own. */
  async cli(...words: readonly string[]): Promise<CommandResult> {
    const child = this.#spawn([commandLine, ...words], ['ignore', 'pipe', 'pipe']);
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.setEncoding('utf8').on('data', (text: string) => (said[name] += text));
    }
    const exit = await new Promise<number | null>((end, fail) => child.once('error', fail).once('close', end));
    return { exit, ...said };
  }

  get #log(): string {
    return `${this.home}.log`;
  }

  #spawn(words: readonly string[], stdio: ('ignore' | 'pipe' | number)[]): ChildProcess {
    const [program = process.execPath, ...rest] = [...this.within, process.execPath, ...words];
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('STRATA_'));
    return spawn(program, rest, {
      stdio,
      env: {
        ...Object.fromEntries(inherited),
        PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`,
        STRATA_HOME: this.home,
        STRATA_PORT: '0',
        STRATA_HYPERVISOR: 'libvirt',
      },
    });
  }

  async #ended(): Promise<void> {
    if (this.#process) await once(this.#process, 'exit');
    this.#process = undefined;
  }
}

/** Copied, because a home owns its images: it takes them along when it goes. */
const seed = async (home: string, recipe: Recipe): Promise<void> => {
  const image = await new ImageCache(images).build(recipe, () => undefined);
  const folder = join(home, 'images');
  await mkdir(folder, { recursive: true });
  await cp(image.folder, join(folder, basename(image.folder)), { recursive: true, preserveTimestamps: true });
};
