import type { History } from '@strata/event-sourcing';
import type { KeyEvent } from './key/key.js';
import type { TenantEvent } from './tenant/tenant.js';

/**
 * Every event of this service, and how it is read when an earlier release wrote it: the steps from its first version to
 * today's. One that is missing, or one too many, does not compile.
 */
export const history: History<KeyEvent | TenantEvent> = {
  KeyCreated: [],
  KeyRevoked: [],
  TenantCreated: [],
};
