import type { Role } from '@strata/contracts';
import { setTimeout as pause } from 'node:timers/promises';
export { nounOf } from './asking/routes.js';
import type { Somebody, Target } from './target.js';

/** The roles that a tenant gives to its own people. */
export const ownRoles = ['viewer', 'operator', 'admin', 'owner'] as const satisfies readonly Role[];

/** What a tenant has: at least one thing behind every kind of id that a path may hold. */
export type Estate = Readonly<{
  tenantId: string;
  people: Readonly<Record<(typeof ownRoles)[number], Somebody>>;
  /** By the first word of a path below `/v1`: the id to put into it. */
  ids: Readonly<Record<string, string>>;
  /** Milliseconds since 1970: from then on the server does what a test asks it to. */
  settledAt: number;
}>;

/** Things that are nobody's own: whoever is asking finds the same ones. */
export const everybodys: Readonly<Record<string, string>> = {
  images: 'img_tiny',
  flavors: 'nano',
  networks: 'net_default',
  hosts: 'host_sim0001',
  pools: 'pool_sim0001',
};

/** Makes a tenant with people of every role, an instance, and whatever follows from it. */
export const settle = async (target: Target, name: string, instance: object = {}): Promise<Estate> => {
  const tenantId = await target.tenant(name);
  const made = await Promise.all(
    ownRoles.map(async (role) => [role, await target.somebody(tenantId, role, `${name}-${role}`)] as const),
  );
  // One for each of the roles.
  const people = Object.fromEntries(made) as Estate['people'];
  // Whom nobody asks as: a path with this id is about somebody else, whoever asks.
  const other = await target.somebody(tenantId, 'viewer', `${name}-other`);
  const spec = { name: 'web', image: 'tiny', flavor: 'nano', ...instance };
  const { id, operationId } = await target.instance(people.owner.key, spec);
  const ids = {
    ...everybodys,
    tenants: tenantId,
    instances: id,
    volumes: id.replace(/^inst_/, 'vol_'),
    operations: operationId,
    why: id,
    users: other.userId,
    keys: other.keyId,
  };
  return { tenantId, people, ids, settledAt: Date.now() };
};

/** A key that was good: it has expired, or somebody has revoked it. */
export const expired = async (target: Target, { tenantId, people }: Estate): Promise<string> => {
  const expiresAt = new Date(Date.now() + 1_500).toISOString();
  const body = { name: 'brief', user: people.owner.userId, expiresAt };
  const { secret } = (await target.order('POST /v1/keys', body, tenantId)) as { secret: string }; // by contract
  await pause(Math.max(0, Date.parse(expiresAt) + 100 - Date.now()));
  return secret;
};

export const revoked = async (target: Target, { tenantId, people }: Estate): Promise<string> => {
  const body = { name: 'lost', user: people.owner.userId };
  const { id, secret } = (await target.order('POST /v1/keys', body, tenantId)) as { id: string; secret: string }; // by contract
  await target.order(`DELETE /v1/keys/${id}`, undefined, tenantId);
  return secret;
};

/** An id that looks like another and belongs to nothing. */
export const unknownLike = (id: string): string => id.replace(/[0-9a-z]+$/, (tail) => '0'.repeat(tail.length));
