import type { Upcasts } from '@strata/event-sourcing';
import type { Grant, KeyEvent } from './key.js';

type KeyOfFirstLight = Readonly<Pick<Grant, 'hash' | 'userId' | 'tenantId' | 'role' | 'name'>> &
  Readonly<{ keyId: string; at: string }>;

/** 0.1.0 had no roles beside those that its keys named. */
const asItsOwnGrant = (created: KeyOfFirstLight) => ({ ...created, kind: 'grant' as const });

/** How events of keys are read that earlier releases wrote. */
export const keyUpcasts = { KeyCreated: [asItsOwnGrant] } satisfies Upcasts<KeyEvent>;
