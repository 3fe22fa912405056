import { postgresForTests } from '@strata/testing/embedded-postgres';
import type { InstanceView, Operation } from '@strata/contracts';
import { rmSync } from 'node:fs';
import { cp, mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { startSolo } from '../../apps/solo/src/solo.js';
import type { Running } from '../../apps/solo/src/solo.js';
import { until } from '../platform.js';

type Answer = Readonly<{ status: number; body: unknown }>;

/** The product as it is started, in this process, on a database that the test can reach into. */
export class SoloOnPostgres {
  static #made = 0;
  /** What the server has complained of. */
  readonly complaints: string[] = [];
  #running: Running | undefined;
  #key = '';
  #left: Promise<void> | undefined;

  /** A new one, or a copy of one that has been stopped, as it was then. */
  static async create(template?: SoloOnPostgres): Promise<SoloOnPostgres> {
    const name = `solo_${process.pid}_${++SoloOnPostgres.#made}`;
    const like = template ? `TEMPLATE ${nameIn(template.url)}` : '';
    await onServer((admin) => admin.query(`CREATE DATABASE ${name} ${like}`));
    const url = new URL(await postgresForTests());
    url.pathname = `/${name}`;
    const sql = new Client(url.href);
    await sql.connect();
    const home = await mkdtemp(join(tmpdir(), 'strata-solo-'));
    // Simulated guests go on booting when the server has stopped, and are written down there.
    process.once('exit', () => rmSync(home, { recursive: true, force: true }));
    if (template) await cp(template.home, home, { recursive: true });
    return new SoloOnPostgres(home, url.href, sql);
  }

  private constructor(
    readonly home: string,
    readonly url: string,
    readonly sql: Client,
  ) {}

  async start(): Promise<void> {
    const complain = (message: unknown) => void this.complaints.push(String(message));
    const logger = { log() {}, warn: complain, error: complain, fatal: complain };
    const settings = { home: this.home, port: 0, hypervisor: 'simulated', simulatedHosts: 2 } as const;
    this.#running = await startSolo({ ...settings, databaseUrl: this.url }, { logger, tell() {} });
    const credentials = JSON.parse(await readFile(join(this.home, 'credentials.json'), 'utf8')) as { key: string };
    this.#key = credentials.key;
  }

  async stop(): Promise<void> {
    await this.#running?.stop();
    this.#running = undefined;
  }

  /** Nobody reaches into it any more: now it can be copied. */
  async leave(): Promise<void> {
    await this.stop();
    await (this.#left ??= this.sql.end());
  }

  async remove(): Promise<void> {
    await this.leave();
    await onServer((admin) => admin.query(`DROP DATABASE ${nameIn(this.url)} WITH (FORCE)`));
  }

  get apiUrl(): string {
    return this.#running?.apiUrl ?? '';
  }

  get headers(): Record<string, string> {
    return { authorization: `Bearer ${this.#key}` };
  }

  async ask(method: string, path: string, body?: object): Promise<Answer> {
    const response = await fetch(new URL(path, this.#running?.apiUrl), {
      method,
      headers: { ...this.headers, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
  }

  /** Asks for what takes time and waits for its end. */
  async operate(method: string, path: string, body?: object): Promise<Operation> {
    const { status, body: begun } = await this.ask(method, path, body);
    if (status !== 202) throw new Error(`${method} ${path} answered ${status}: ${JSON.stringify(begun)}`);
    const { id } = begun as Operation; // 202 answers an operation, by contract.
    return until(
      `${id} ends`,
      async () => {
        const operation = (await this.ask('GET', `/v1/operations/${id}`)).body as Operation; // as above
        return operation.status !== 'running' && operation.status !== 'undoing' && operation;
      },
      60,
    );
  }

  async instance(id: string): Promise<InstanceView> {
    return (await this.ask('GET', `/v1/instances/${id}`)).body as InstanceView; // by contract
  }
}

const nameIn = (url: string) => new URL(url).pathname.slice(1);

const onServer = async (work: (admin: Client) => Promise<unknown>): Promise<void> => {
  const admin = new Client(await postgresForTests());
  await admin.connect();
  await work(admin);
  await admin.end();
};
