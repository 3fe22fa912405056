import { Logger } from '@nestjs/common';
import type { Decider, Event, Meta } from '@strata/event-sourcing';
import { RejectedError, streamName } from '@strata/event-store';
import type { Aggregates, Clock } from '@strata/event-store';
import { randomBytes } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { typeid } from 'typeid-js';
import { v7 } from 'uuid';
import { z } from 'zod';
import { hashOf, makeCredential, parseCredential, textOf } from './credential.js';
import { CreateKey, RevokeKey, key } from './key/key.js';
import type { KeyRing } from './key/key-ring.view.js';
import { CreateTenant, tenant } from './tenant/tenant.js';

const TENANT = 'ten_default';
const USER = 'user_admin';
const KEY_NAME = 'first-administrator';

const Credentials = z.object({ apiUrl: z.string(), key: z.string(), tenantId: z.string(), userId: z.string() });
type Credentials = z.infer<typeof Credentials>;

export type Place = Readonly<{ home: string; apiUrl: string }>;

/**
 * Makes the first tenant and its administrator, and keeps `<home>/credentials.json` true: a file that is lost, broken or
 * whose key is not good is replaced by one with a new key. The keys of earlier files are then revoked, because a file
 * that is gone may be in other hands. The key is in that file and nowhere else, least of all in a log.
 */
export class FirstAdministrator {
  readonly #logger = new Logger(FirstAdministrator.name);

  constructor(
    private readonly aggregates: Aggregates,
    private readonly ring: KeyRing,
    private readonly clock: Clock,
  ) {}

  /** Returns the path of the file. */
  async handOut({ home, apiUrl }: Place): Promise<string> {
    const path = join(home, 'credentials.json');
    await this.#execute(tenant, TENANT, (meta) => new CreateTenant({ tenantId: TENANT, name: 'default' }, meta));

    const known = await this.#goodCredentials(path);
    const good = known ?? { apiUrl, key: await this.#createKey(), tenantId: TENANT, userId: USER };
    if (known?.apiUrl !== apiUrl) await replace(path, { ...good, apiUrl });

    // Also those that an earlier start has left, when it was broken off just here.
    const others = this.ring.named(KEY_NAME).filter((keyId) => keyId !== parseCredential(good.key)?.keyId);
    for (const keyId of others) {
      await this.#execute(key, keyId, (meta) => new RevokeKey({ keyId, reason: 'its file was lost' }, meta));
    }
    await this.ring.catchUp();
    return path;
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
    const grant = { userId: USER, tenantId: TENANT, role: 'platform-administrator', name: KEY_NAME } as const;
    await this.#execute(key, keyId, (meta) => new CreateKey({ keyId, hash: hashOf(secret), ...grant }, meta));
    return textOf(credential);
  }

  async #execute<C extends Readonly<{ meta: Meta }>, E extends Event, S>(
    decider: Decider<C, E, S>,
    id: string,
    ask: (meta: Meta) => C,
  ): Promise<void> {
    const request = typeid('req').toString();
    const cause = { correlationId: request, causationId: request };
    const meta = { commandId: v7(), at: this.clock.now(), tenantId: TENANT, actor: 'process:start', ...cause };
    const outcome = await this.aggregates.execute(decider, streamName(decider, id, TENANT), ask(meta));
    if ('rejection' in outcome) throw new RejectedError(outcome.rejection);
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
