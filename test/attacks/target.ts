import type { Role } from '@strata/contracts';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { z } from 'zod';
import { ServerProcess } from '../load/server-process.js';
import { until } from '../platform.js';
import { Api } from './asking/routes.js';
import type { Answer, Sent } from './asking/wire.js';
import { Wire } from './asking/wire.js';
import { Recorder } from './watching/recorder.js';
import { Testimony } from './watching/testimony.js';

const witness = new URL('./watching/witness.js', import.meta.url).href;

const Id = z.object({ id: z.string() });
const Key = z.object({ id: z.string(), secret: z.string() });
const Ended = z.object({ status: z.string(), resource: z.object({ id: z.string() }) });

/** Somebody who can be asked as. */
export type Somebody = Readonly<{ userId: string; tenantId: string; keyId: string; key: string }>;

/**
 * The product as people run it, in a process of its own with an embedded PostgreSQL and simulated hosts, with a witness inside
 * and everything recorded that it answers.
 */
export class Target {
  readonly recorder = new Recorder();
  readonly wire: Wire;

  static async start(env: Readonly<Record<string, string>> = {}): Promise<Target> {
    const folder = await mkdtemp(join(tmpdir(), 'strata-witness-'));
    const file = join(folder, 'testimony.ndjson');
    const server = await ServerProcess.start({ node: ['--import', witness], env: { STRATA_WITNESS: file, ...env } });
    const api = Api.read(JSON.parse((await server.asker.ask({ method: 'GET', path: '/v1/openapi.json' })).text));
    return new Target(server, api, folder, new Testimony(file));
  }

  private constructor(
    readonly server: ServerProcess,
    readonly api: Api,
    private readonly folder: string,
    readonly testimony: Testimony,
  ) {
    this.wire = new Wire(server.apiUrl, this.recorder);
  }

  /** As whoever holds the key; without one, as nobody. */
  ask(key: string | undefined, route: string, body?: object | string, headers: Sent['headers'] = {}): Promise<Answer> {
    const [method = '', path = ''] = route.split(' ');
    const bearer = key === undefined ? {} : { authorization: `Bearer ${key}` };
    return this.wire.send({ method, path, headers: { ...bearer, ...headers }, body });
  }

  /** As the administrator of the platform, for a tenant. @throws when it does not succeed */
  async order(route: string, body?: object, tenantId = 'ten_default'): Promise<unknown> {
    const { status, text } = await this.ask(this.server.bearer, route, body, { 'strata-tenant': tenantId });
    if (status >= 300) throw new Error(`${route} answered ${status}: ${text}`);
    return JSON.parse(text);
  }

  async tenant(name: string): Promise<string> {
    return Id.parse(await this.order('POST /v1/tenants', { name })).id;
  }

  /** A user with a role in a tenant, and a key that may do all that the user may, unless `more` says less. */
  async somebody(tenantId: string, role: Role, name: string, more: object = {}): Promise<Somebody> {
    const { id: userId } = Id.parse(await this.order('POST /v1/users', { name, role }, tenantId));
    const spec = { name: 'spec', user: userId, ...more };
    const { id: keyId, secret } = Key.parse(await this.order('POST /v1/keys', spec, tenantId));
    return { userId, tenantId, keyId, key: secret };
  }

  /** An instance that runs. @returns its id, and that of the operation which made it */
  async instance(key: string, body: object): Promise<Readonly<{ id: string; operationId: string }>> {
    const { status, text } = await this.ask(key, 'POST /v1/instances', body);
    if (status !== 202) throw new Error(`no instance: ${status} ${text}`);
    const { id: operationId } = Id.parse(JSON.parse(text));
    const { resource } = await this.ended(key, operationId);
    return { id: resource.id, operationId };
  }

  async ended(key: string, operationId: string, tenantId?: string): Promise<z.infer<typeof Ended>> {
    const headers = tenantId === undefined ? {} : { 'strata-tenant': tenantId };
    return until(
      `${operationId} ends`,
      async () => {
        const { status, text } = await this.ask(key, `GET /v1/operations/${operationId}`, undefined, headers);
        if (status !== 200) throw new Error(`${operationId}: ${status} ${text}`);
        const operation = Ended.parse(JSON.parse(text));
        return operation.status === 'running' || operation.status === 'undoing' ? undefined : operation;
      },
      30,
    );
  }

  /** Looks into the server's database, as its owner. */
  async stored<Row extends object>(sql: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    const client = new Client(this.databaseUrl);
    await client.connect();
    try {
      return (await client.query<Row>(sql, [...values])).rows;
    } finally {
      await client.end();
    }
  }

  get databaseUrl(): string {
    const folder = join(this.server.home, 'postgres');
    const password = readFileSync(join(folder, 'password'), 'utf8');
    const [, , , port] = readFileSync(join(folder, 'data', 'postmaster.pid'), 'utf8').split('\n');
    return `postgres://strata:${password}@127.0.0.1:${port}/postgres`;
  }

  /** How many events each log holds. */
  async heads(): Promise<Readonly<Record<string, number>>> {
    const rows = await this.stored<{ log: string; head: string }>(
      `SELECT 'iaas' AS log, count(*) AS head FROM iaas.es_event UNION ALL SELECT 'identity', count(*) FROM identity.es_event`,
    );
    return Object.fromEntries(rows.map(({ log, head }) => [log, Number(head)]));
  }

  /** What of both logs began with requests of these ids. */
  async eventsOf(requestIds: readonly string[]): Promise<readonly StoredEvent[]> {
    const text = ['iaas', 'identity']
      .map((log) => `SELECT stream, type, meta FROM ${log}.es_event WHERE meta::jsonb ->> 'correlationId' = ANY ($1)`)
      .join(' UNION ALL ');
    return this.stored<StoredEvent>(text, [requestIds]);
  }

  async remove(): Promise<void> {
    this.wire.close();
    await this.server.remove();
    await rm(this.folder, { recursive: true, force: true });
  }
}

export type StoredEvent = Readonly<{
  stream: string;
  type: string;
  meta: Readonly<{ tenantId: string; actor: string; correlationId: string; causationId: string }>;
}>;
