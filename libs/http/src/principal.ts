import type { Endpoint, Role } from '@strata/contracts';

/** Who asks, for which tenant, and what the key in hand is good for. */
export type Principal = Readonly<{
  userId: string;
  tenantId: string;
  role: Role;
  keyId: string;
  /** RFC 3339. From then on the key is unknown. */
  expiresAt?: string;
  /** The key may look and change nothing. */
  readOnly?: true;
  /** The tags of the endpoints that the key may ask; left out: all of them. */
  only?: readonly string[];
}>;

/** Knows people by what they carry. An abstract class, so that it is port and Nest token in one. */
export abstract class Principals {
  /** `undefined` for a key that is unknown, revoked, expired or malformed. */
  abstract of(bearer: string): Promise<Principal | undefined>;

  /** The same person in another tenant, by id or name; `undefined` when that is nothing to it, or not there. */
  async inTenant(principal: Principal, asked: string): Promise<Principal | undefined> {
    if (asked === principal.tenantId) return principal;
    return principal.role === 'platform-administrator' ? { ...principal, tenantId: asked } : undefined;
  }

  /** Called when somebody has lost a key, a role or a tenant: who is listening to a stream is asked again. */
  onLoss(_listener: () => void): () => void {
    return () => undefined;
  }
}

/** Why a key that is good is not good for this endpoint. */
export const beyondKey = (
  { readOnly, only }: Principal,
  { method, tag }: Pick<Endpoint, 'method' | 'tag'>,
): string | undefined => {
  if (readOnly && method !== 'get') return 'this key may look and change nothing';
  if (only && !only.includes(tag)) return `this key is for ${only.join(', ')} only, and this is about ${tag}`;
  return undefined;
};
