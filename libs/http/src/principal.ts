import type { Role } from '@strata/contracts';
import { roles } from '@strata/contracts';

/** Who asks, and for which tenant. */
export type Principal = Readonly<{ userId: string; tenantId: string; role: Role; keyId: string }>;

/** Knows people by what they carry. An abstract class, so that it is port and Nest token in one. */
export abstract class Principals {
  /** `undefined` for a key that is unknown, revoked or malformed. */
  abstract of(bearer: string): Promise<Principal | undefined>;
}

/** Each role may do what the ones before it may. */
export const isAtLeast = (role: Role, needed: Role) => roles.indexOf(role) >= roles.indexOf(needed);
