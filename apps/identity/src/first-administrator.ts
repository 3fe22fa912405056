import { Injectable, Logger } from '@nestjs/common';
import type { Meta } from '@strata/event-sourcing';
import { Clock, EventStore } from '@strata/event-store';
import { randomBytes } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { typeid } from 'typeid-js';
import { v7 } from 'uuid';
import { z } from 'zod';
import { Commands } from './commands.service.js';
import { hashOf, makeCredential, parseCredential, textOf } from './credential.js';
import { CreateKey, RevokeKey, UNLIMITED, key } from './key/key.js';
import { KeyRing } from './key/key-ring.view.js';
import { GrantRole, membership } from './tenant/membership.js';
import { CreateTenant, FIRST_TENANT as TENANT, FIRST_USER as USER, TENANTS, tenant } from './tenant/tenant.js';
import { People } from './user/people.service.js';
import { CreateUser, user } from './user/user.js';
import { Views } from './views.js';

const ROLE = 'platform-administrator';
const PERSON = { name: 'admin', email: null, displayName: null };
const KEY_NAME = 'first-administrator';

const Credentials = z.object({ apiUrl: z.string(), key: z.string(), tenantId: z.string(), userId: z.string() });
type Credentials = z.infer<typeof Credentials>;

export type Place = Readonly<{ home: string; apiUrl: string }>;

/**
 * Makes the first tenant and its administrator, and keeps `<home>/credentials.json` true: a file that is lost, broken or
 * whose key is not good is replaced by one with a new key. The keys of earlier files are then revoked, because a file
 * that is gone may be in other hands. The key is in that file and nowhere else, least of all in a log.
 */
@Injectable()
export class FirstAdministrator {
  readonly #logger = new Logger(FirstAdministrator.name);

  constructor(
    private readonly store: EventStore,
    private readonly commands: Commands,
    private readonly ring: KeyRing,
    private readonly people: People,
    private readonly views: Views,
    private readonly clock: Clock,
  ) {}

  /** Returns the path of the file. */
  async handOut({ home, apiUrl }: Place): Promise<string> {
    const path = join(home, 'credentials.json');
    await this.#ensureAdministrator();

    const known = await this.#goodCredentials(path);
    const good = known ?? { apiUrl, key: await this.#createKey(), tenantId: TENANT, userId: USER };
    if (known?.apiUrl !== apiUrl) await replace(path, { ...good, apiUrl });

    // Also those that an earlier start has left, when it was broken off just here.
    await this.views.keys.waitFor(await this.store.log.head());
    const { rows } = await this.views.keys.of(TENANT).list({ where: { name: KEY_NAME, userId: USER }, limit: 1_000 });
    for (const { keyId } of rows.filter((row) => row.keyId !== parseCredential(good.key)?.keyId)) {
      await this.commands.execute(key, keyId, new RevokeKey({ keyId, reason: 'its file was lost' }, this.#meta()));
    }
    return path;
  }

  /** The tenant, the user and the role that the key stands for. A home of 0.1.0 had the key alone. */
  async #ensureAdministrator() {
    const it = { tenantId: TENANT, userId: USER };
    await this.commands.execute(tenant, TENANTS, new CreateTenant({ tenantId: TENANT, name: 'default' }, this.#meta()));
    if (this.ring.members.homeOf(USER) === undefined) {
      const person = await this.people.seal(USER, PERSON);
      await this.people.take(TENANT, USER, PERSON, this.clock.now());
      await this.commands.execute(user, USER, new CreateUser({ ...it, person }, this.#meta()));
    }
    await this.commands.execute(membership, TENANT, new GrantRole({ ...it, role: ROLE, by: ROLE }, this.#meta()));
  }

  async #goodCredentials(path: string): Promise<Credentials | undefined> {
    const text = await readIfThere(path);
    if (text === undefined) return undefined;
    const { success, data } = Credentials.safeParse(jsonOf(text));
    if (success && (await this.ring.of(data.key))) return data;
    this.#logger.warn(`${path} holds no key of this cloud: a new one takes its place`);
    return undefined;
  }

  async #createKey(): Promise<string> {
    const credential = makeCredential();
    const { keyId, secret } = credential;
    const grant = { userId: USER, tenantId: TENANT, role: ROLE, name: KEY_NAME, kind: 'key', ...UNLIMITED } as const;
    await this.commands.execute(key, keyId, new CreateKey({ keyId, hash: hashOf(secret), ...grant }, this.#meta()));
    return textOf(credential);
  }

  #meta(): Meta {
    const request = typeid('req').toString();
    const cause = { correlationId: request, causationId: request };
    return { commandId: v7(), at: this.clock.now(), tenantId: TENANT, actor: 'process:start', ...cause };
  }
}

/** Readable by its owner from its first byte on, and never half written, whenever the machine stops. */
const replace = async (path: string, credentials: Credentials): Promise<void> => {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(credentials, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
};

const readIfThere = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Whoever checks the shape finds it wanting, and says so.
  }
};
