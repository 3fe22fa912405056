import { isAtLeast } from '@strata/contracts';
import type { Role } from '@strata/contracts';
import type { UserEvent } from '../user/user.js';
import type { MembershipEvent } from './membership.js';
import type { TenantEvent } from './tenant.js';

/** A user's place in a tenant. All keys that it has there point to it, so that a change of role is one assignment. */
export type Member = { readonly tenantId: string; readonly userId: string; role: Role | undefined; keys: string[] };

type Tenant = Readonly<{ name: string; members: Map<string, Member> }>;
type User = Readonly<{ home: string; places: Set<Member> }>;

export type MemberEvent = TenantEvent | MembershipEvent | UserEvent;

/** Who there is, and who may do what where: in memory, because every request asks. Names of people are not in it. */
export class Members {
  readonly #tenants = new Map<string, Tenant>();
  readonly #names = new Map<string, string>();
  readonly #users = new Map<string, User>();

  of(tenantId: string, userId: string): Member | undefined {
    return this.#tenants.get(tenantId)?.members.get(userId);
  }

  /** The tenant's id, for an id or a name. */
  tenantId(idOrName: string): string | undefined {
    return this.#tenants.has(idOrName) ? idOrName : this.#names.get(idOrName);
  }

  nameOf(tenantId: string): string | undefined {
    return this.#tenants.get(tenantId)?.name;
  }

  /** The tenant that a user belongs to; `undefined` when there is no such user. */
  homeOf(userId: string): string | undefined {
    return this.#users.get(userId)?.home;
  }

  /** Every place where a user has a role, the oldest first. */
  placesOf(userId: string): readonly Member[] {
    return [...(this.#users.get(userId)?.places ?? [])].filter(({ role }) => role !== undefined);
  }

  /** The users that belong to a tenant. Looks at all there are: for what is rare. */
  usersOf(tenantId: string): readonly string[] {
    return [...this.#users].flatMap(([userId, { home }]) => (home === tenantId ? [userId] : []));
  }

  ownersOf(tenantId: string): number {
    const members = [...(this.#tenants.get(tenantId)?.members.values() ?? [])];
    return members.filter(({ role }) => role !== undefined && isAtLeast(role, 'owner')).length;
  }

  /** A place that has no role yet. Keys of 0.1.0 were there before the roles of their users. */
  prepare(tenantId: string, userId: string): Member | undefined {
    const members = this.#tenants.get(tenantId)?.members;
    const member = members?.get(userId) ?? { tenantId, userId, role: undefined, keys: [] };
    members?.set(userId, member);
    return members && member;
  }

  /** Answers those who have lost their place. */
  fold(event: MemberEvent): readonly Member[] {
    switch (event.type) {
      case 'TenantCreated':
        this.#found(event.data.tenantId, event.data.name);
        return [];
      case 'TenantDeleted':
        return this.#dissolve(event.data.tenantId);
      case 'UserCreated':
        this.#users.set(event.data.userId, { home: event.data.tenantId, places: new Set() });
        return [];
      case 'UserDeleted':
        return this.#bury(event.data.userId);
      case 'RoleGranted':
        this.#grant(event.data.tenantId, event.data.userId, event.data.role);
        return [];
      case 'RoleRevoked':
        return this.#remove([this.of(event.data.tenantId, event.data.userId)]);
      default:
        return [];
    }
  }

  /** The first tenant is told twice in a log that began with 0.1.0. */
  #found(tenantId: string, name: string) {
    if (this.#tenants.has(tenantId)) return;
    this.#tenants.set(tenantId, { name, members: new Map() });
    this.#names.set(name, tenantId);
  }

  #dissolve(tenantId: string): readonly Member[] {
    const tenant = this.#tenants.get(tenantId);
    if (!tenant) return [];
    const lost = this.#remove([...tenant.members.values()]);
    this.#tenants.delete(tenantId);
    this.#names.delete(tenant.name);
    return lost;
  }

  #bury(userId: string): readonly Member[] {
    const lost = this.#remove([...(this.#users.get(userId)?.places ?? [])]);
    this.#users.delete(userId);
    return lost;
  }

  /** A role for somebody who was deleted in the same moment, or in a tenant that was, is none. */
  #grant(tenantId: string, userId: string, role: Role) {
    const user = this.#users.get(userId);
    const member = user && this.prepare(tenantId, userId);
    if (!member) return;
    member.role = role;
    user.places.add(member);
  }

  #remove(members: readonly (Member | undefined)[]): readonly Member[] {
    return members.flatMap((member) => {
      if (!member) return [];
      member.role = undefined;
      this.#tenants.get(member.tenantId)?.members.delete(member.userId);
      this.#users.get(member.userId)?.places.delete(member);
      return [member];
    });
  }
}
