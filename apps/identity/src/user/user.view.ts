import type { Role } from '@strata/contracts';
import { defineView } from '@strata/event-store';
import type { MembershipEvent } from '../tenant/membership.js';
import type { UserEvent } from './user.js';

/** A user in one tenant. Those who belong to another are there for their role; who they are is told by their own tenant. */
export type UserRow = Readonly<{
  tenantId: string;
  userId: string;
  role: Role | null;
  /** `null`: belongs to another tenant. `person` is sealed. */
  own: Readonly<{ person: string; canLogIn: boolean }> | null;
  createdAt: string;
}>;

const TYPES = new Set(['UserCreated', 'UserPasswordSet', 'UserDeleted', 'RoleGranted', 'RoleRevoked']);

export const rowOf = (tenantId: string, userId: string) => `${tenantId}/${userId}`;

export const userView = defineView<UserRow, 'userId' | 'createdAt', UserEvent | MembershipEvent>({
  name: 'user',
  about: ['user', 'membership'],
  key: ({ type, data }) => (TYPES.has(type) ? rowOf(data.tenantId, data.userId) : undefined),
  tenant: (row) => row.tenantId,
  acrossTenants: ['userId'],
  columns: { userId: (row) => row.userId, createdAt: (row) => row.createdAt },
  evolve(row, { type, data }) {
    const { tenantId, userId, at: createdAt } = data;
    const there = row ?? { tenantId, userId, role: null, own: null, createdAt };
    switch (type) {
      case 'UserCreated':
        return { ...there, own: { person: data.person, canLogIn: false }, createdAt };
      case 'UserPasswordSet':
        return row?.own ? { ...row, own: { ...row.own, canLogIn: true } } : row;
      case 'UserDeleted':
        return undefined;
      case 'RoleGranted':
        return { ...there, role: data.role };
      case 'RoleRevoked':
        return row?.own ? { ...row, role: null } : undefined;
      default:
        return row;
    }
  },
});
