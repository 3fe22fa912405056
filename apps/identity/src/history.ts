import type { History } from '@strata/event-sourcing';
import type { KeyEvent } from './key/key.js';
import { keyUpcasts } from './key/key.upcast.js';
import type { MembershipEvent } from './tenant/membership.js';
import type { TenantEvent } from './tenant/tenant.js';
import type { UserEvent } from './user/user.js';

/**
 * Every event of this service, and how it is read when an earlier release wrote it: the steps from its first version to
 * today's. One that is missing, or one too many, does not compile.
 */
export const history: History<KeyEvent | MembershipEvent | TenantEvent | UserEvent> = {
  ...keyUpcasts,
  KeyRevoked: [],

  RoleGranted: [],
  RoleRevoked: [],

  TenantCreated: [],
  TenantDeleted: [],

  UserCreated: [],
  UserDeleted: [],
  UserPasswordSet: [],
};
