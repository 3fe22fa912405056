import { Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Role } from '@strata/contracts';
import { ManualClock, MemoryEventLog, MemoryEventStore } from '@strata/event-store';
import type { AppendGroup, EventStore } from '@strata/event-store';
import { Claims, MemoryClaims, createHttpApp } from '@strata/http';
import { MasterKey, MemorySubjectKeys, Sealing } from '@strata/sealing';
import type { SubjectKeys } from '@strata/sealing';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { IdentityModule, history } from './identity.module.js';

export type Told = Readonly<{ status: number; body: Record<string, unknown>; headers: Record<string, unknown> }>;
type How = Readonly<{ body?: object; headers?: Record<string, string>; peer?: string }>;

type Left = Readonly<{
  clock?: ManualClock;
  store?: EventStore;
  subjects?: SubjectKeys;
  master?: MasterKey;
  home?: string;
}>;

/** Somebody in the specs: who it is, and the key to ask with. */
export type Somebody = Readonly<{ userId: string; key: string; keyId: string; tenantId: string }>;

const Document = z.record(z.string(), z.unknown());

export const PASSWORD = 'correct horse battery staple';

/** A log in which something else happens just before an event of this type is stored: what two at the same moment do. */
export class MeddledLog extends MemoryEventLog {
  meanwhile: (() => Promise<unknown>) | undefined;

  constructor(private readonly type: string) {
    super(undefined, history);
  }

  override async appendAll(group: AppendGroup) {
    const isIt = group.commands.some(({ events }) => events.some(({ type }) => type === this.type));
    const { meanwhile } = this;
    if (isIt && meanwhile) {
      this.meanwhile = undefined;
      await meanwhile();
    }
    return super.appendAll(group);
  }
}

const quiet = { log() {}, warn() {}, error: (...what: unknown[]) => console.error(...what) };

/** Identity alone, asked over HTTP; its log in memory, its clock in the spec's hand. */
export class Identity {
  private constructor(
    readonly app: NestFastifyApplication,
    readonly store: EventStore,
    readonly clock: ManualClock,
    readonly sealing: Sealing,
    /** The first administrator's key. */
    readonly admin: string,
    /** What other services would count for each tenant. */
    readonly things: Record<string, Record<string, number>>,
  ) {}

  /** With what an earlier one has left: what is found by a process that starts anew. */
  static async open({
    clock = new ManualClock(),
    store = new MemoryEventStore(new MemoryEventLog(clock, history)),
    subjects = new MemorySubjectKeys(),
    master = MasterKey.random(),
    home,
  }: Left = {}): Promise<Identity> {
    const sealing = await Sealing.open(subjects, master);
    const things: Record<string, Record<string, number>> = {};
    const occupancy = { of: async (tenantId: string) => things[tenantId] ?? {} };
    const imports = [IdentityModule.on({ store, clock, sealing, occupancy })];
    @Module({ imports, providers: [{ provide: Claims, useClass: MemoryClaims }] })
    class Alone {}
    const app = await createHttpApp(Alone, { logger: quiet });
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
    const folder = home ?? (await mkdtemp(join(tmpdir(), 'strata-identity-')));
    const path = await app.get(IdentityModule).handOutCredentials({ home: folder, apiUrl: 'http://127.0.0.1' });
    const { key } = z.object({ key: z.string() }).parse(JSON.parse(await readFile(path, 'utf8')));
    if (home === undefined) await rm(folder, { recursive: true });
    return new Identity(app, store, clock, sealing, key, things);
  }

  /** `ask(key, 'POST /v1/keys')` as whoever holds the key; `undefined`: as nobody. */
  async ask(key: string | undefined, route: string, { body, headers = {}, peer }: How = {}): Promise<Told> {
    const [method, url] = route.split(' ');
    const answer = await this.app.inject({
      // The routes in the specs begin with one of these.
      method: method as 'GET' | 'POST' | 'PUT' | 'DELETE',
      url: url ?? '',
      headers: { ...(key !== undefined && { authorization: `Bearer ${key}` }), ...headers },
      ...(peer !== undefined && { remoteAddress: peer }),
      ...(body && { payload: body }),
    });
    const told = Document.parse(JSON.parse(answer.payload || '{}'));
    return { status: answer.statusCode, body: told, headers: answer.headers };
  }

  /** Asks for what must succeed. */
  async get(key: string, route: string, how?: How): Promise<Record<string, unknown>> {
    const { status, body } = await this.ask(key, route, how);
    if (status >= 300) throw new Error(`${route}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  async tenant(name: string): Promise<string> {
    return String((await this.get(this.admin, 'POST /v1/tenants', { body: { name } }))['id']);
  }

  /** A user with a role and a key of full scope in a tenant. */
  async user(tenantId: string, role: Role, name: string, more: object = {}): Promise<Somebody> {
    const headers = { 'strata-tenant': tenantId };
    const { id } = await this.get(this.admin, 'POST /v1/users', { headers, body: { name, role, ...more } });
    const body = { name: 'spec', user: id };
    const { id: keyId, secret } = await this.get(this.admin, 'POST /v1/keys', { headers, body });
    return { userId: String(id), key: String(secret), keyId: String(keyId), tenantId };
  }

  login(user: string, password: string, { tenant, peer }: Readonly<{ tenant?: string; peer?: string }> = {}) {
    const body = { user, password, ...(tenant !== undefined && { tenant }) };
    return this.ask(undefined, 'POST /v1/login', { body, ...(peer !== undefined && { peer }) });
  }

  /** Everything that follows from what has happened so far is done. */
  settled(): Promise<void> {
    return this.until('nothing lags behind', async () => {
      const lags = await Promise.all(this.store.subscriptions.map((it) => it.lag()));
      return lags.every((lag) => lag === 0);
    });
  }

  /** Waits for a condition, never for a time. */
  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 8_000;
    while (!(await holds())) {
      if (Date.now() > deadline) throw new Error(`it never came true that ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.store.close();
  }
}
