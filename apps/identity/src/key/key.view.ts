import { defineView } from '@strata/event-store';
import type { Grant, KeyEvent } from './key.js';

/** `since` is the position at which it was made: what ended everything before then leaves later keys alone. */
export type KeyRow = Omit<Grant, 'hash'> & Readonly<{ keyId: string; createdAt: string; since: number }>;
export type KeyColumn = 'userId' | 'name' | 'createdAt' | 'expiresAt';

/** Keys that were not revoked; those that have expired stay for a day, so that people find out why one is refused. */
export const keyView = defineView<KeyRow, KeyColumn, KeyEvent>({
  name: 'key',
  about: ['key'],
  key: (event) => event.data.keyId,
  tenant: (row) => row.tenantId,
  acrossTenants: ['userId', 'expiresAt'],
  columns: {
    userId: (row) => row.userId,
    name: (row) => row.name,
    createdAt: (row) => row.createdAt,
    // Those that never expire come behind all others.
    expiresAt: (row) => row.expiresAt ?? '9',
  },
  evolve(_row, { type, data, position }) {
    if (type === 'KeyRevoked') return undefined;
    const { keyId, userId, tenantId, role, name, kind, readOnly, only, expiresAt, from, at: createdAt } = data;
    const grant = { userId, tenantId, role, name, kind, readOnly, only, expiresAt, from };
    return { keyId, ...grant, createdAt, since: position };
  },
});
