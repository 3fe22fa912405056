import type { Role } from '@strata/contracts';
import { MemoryEventLog, MemoryEventStore } from '@strata/event-store';
import type { EventStore } from '@strata/event-store';
import { MasterKey, MemorySubjectKeys } from '@strata/sealing';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { history } from '../apps/identity/src/identity.module.js';
import type { IdentityModule } from '../apps/identity/src/identity.module.js';

/** What identity keeps: a platform that is given that of an earlier one finds its tenants, users and keys. */
export type IdentityGround = Readonly<{ store: EventStore; subjects: MemorySubjectKeys; master: MasterKey }>;

export const emptyIdentity = (): IdentityGround => ({
  store: new MemoryEventStore(new MemoryEventLog(undefined, history)),
  subjects: new MemorySubjectKeys(),
  master: MasterKey.random(),
});

/** Somebody in the tests: who it is, and the key to ask with. */
export type Somebody = Readonly<{ userId: string; key: string; keyId: string; tenantId: string }>;

type Ask = (
  method: 'POST',
  path: string,
  body: object,
  how: Readonly<{ as?: string; headers?: Record<string, string> }>,
) => Promise<Readonly<{ status: number; body: unknown }>>;

const Made = z.object({ id: z.string(), secret: z.string().optional() });

/** Real tenants, users and keys, made over the API as an administrator of the platform makes them. */
export class People {
  constructor(
    private readonly ask: Ask,
    /** The first administrator's key. */
    readonly admin: string,
  ) {}

  async tenant(name: string): Promise<string> {
    return (await this.#make('/v1/tenants', { name })).id;
  }

  /** A user with a role and a key of full scope in a tenant; with a password, `login` knows it as well. */
  async user(tenantId: string, role: Role, name: string, more: object = {}): Promise<Somebody> {
    const { id: userId } = await this.#make('/v1/users', { name, role, ...more }, tenantId);
    return { userId, tenantId, ...(await this.key(tenantId, { user: userId })) };
  }

  /** A key in a tenant: `{ user, role, readOnly, only, expiresAt }`. */
  async key(tenantId: string, spec: object): Promise<Readonly<{ key: string; keyId: string }>> {
    const { id: keyId, secret } = await this.#make('/v1/keys', { name: 'test', ...spec }, tenantId);
    if (secret === undefined) throw new Error('a key was made without a secret');
    return { key: secret, keyId };
  }

  async #make(path: string, body: object, tenantId = 'ten_default') {
    const answer = await this.ask('POST', path, body, { as: this.admin, headers: { 'strata-tenant': tenantId } });
    if (answer.status !== 201) throw new Error(`${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return Made.parse(answer.body);
  }
}

/** The first administrator's key, which is in a file and nowhere else. */
export const firstKey = async (identity: IdentityModule): Promise<string> => {
  const home = await mkdtemp(join(tmpdir(), 'strata-people-'));
  try {
    const path = await identity.handOutCredentials({ home, apiUrl: 'http://127.0.0.1' });
    return z.object({ key: z.string() }).parse(JSON.parse(await readFile(path, 'utf8'))).key;
  } finally {
    await rm(home, { recursive: true });
  }
};
