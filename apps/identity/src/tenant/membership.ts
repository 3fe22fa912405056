import { isAtLeast } from '@strata/contracts';
import type { Role } from '@strata/contracts';
import { command, reject, unreachable } from '@strata/event-sourcing';
import type { Decider, Decision, Event } from '@strata/event-sourcing';
import { Map } from 'immutable';
import { FIRST_TENANT, FIRST_USER } from './tenant.js';

type It = Readonly<{ tenantId: string; userId: string }>;

/** `by` is the role of who asks, in this very tenant. */
export class GrantRole extends command('GrantRole')<It & { role: Role; by: Role }> {}
export class RevokeRole extends command('RevokeRole')<It & { by: Role }> {}
/** The user is no more: there is nothing left to decide. */
export class RemoveMember extends command('RemoveMember')<It> {}
export type MembershipCommand = GrantRole | RevokeRole | RemoveMember;

export type MembershipEvent =
  Event<'RoleGranted', It & { role: Role; at: string }> | Event<'RoleRevoked', It & { at: string }>;

/** Who may do what in one tenant. */
export type Membership = Readonly<{ roles: Map<string, Role>; owners: number }>;

const isOwner = (role: Role | undefined) => role !== undefined && isAtLeast(role, 'owner');

/** Nobody rules over those above, and a tenant that has an owner keeps one. */
const refusal = (
  { tenantId, userId, by }: It & { by: Role },
  { roles, owners }: Membership,
  next: Role | undefined,
) => {
  const present = roles.get(userId);
  if (present && tenantId === FIRST_TENANT && userId === FIRST_USER && next !== present) {
    return reject('user.protected', 'the first administrator keeps the role');
  }
  if (next && !isAtLeast(by, next)) return reject('auth.forbidden', `the role ${next} is above your own, ${by}`);
  if (present && !isAtLeast(by, present)) {
    return reject('auth.forbidden', `the user is ${present}, which is above your own role, ${by}`);
  }
  if (isOwner(present) && !isOwner(next) && owners === 1) {
    return reject('tenant.last-owner', 'the tenant has no other owner');
  }
  return undefined;
};

const decide = (command: MembershipCommand, it: Membership): Decision<MembershipEvent> => {
  const { at } = command.meta;
  const { tenantId, userId } = command.data;
  const present = it.roles.get(userId);
  switch (command.type) {
    case 'GrantRole': {
      const { role } = command.data;
      const refused = refusal(command.data, it, role);
      if (refused) return refused;
      return present === role ? [] : [{ type: 'RoleGranted', data: { tenantId, userId, role, at } }];
    }
    case 'RevokeRole': {
      const refused = refusal(command.data, it, undefined);
      if (refused) return refused;
      return present ? [{ type: 'RoleRevoked', data: { tenantId, userId, at } }] : [];
    }
    case 'RemoveMember':
      return present ? [{ type: 'RoleRevoked', data: { tenantId, userId, at } }] : [];
    default:
      return unreachable(command);
  }
};

const evolve = ({ roles, owners }: Membership, event: MembershipEvent): Membership => {
  const { userId } = event.data;
  const before = isOwner(roles.get(userId)) ? 1 : 0;
  if (event.type === 'RoleRevoked') return { roles: roles.delete(userId), owners: owners - before };
  const { role } = event.data;
  return { roles: roles.set(userId, role), owners: owners - before + (isOwner(role) ? 1 : 0) };
};

export const membership: Decider<MembershipCommand, MembershipEvent, Membership> = {
  name: 'membership',
  initialState: { roles: Map(), owners: 0 },
  decide,
  evolve,
};
