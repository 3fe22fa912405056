import { Controller } from '@nestjs/common';
import { users } from '@strata/contracts';
import type { UserView } from '@strata/contracts';
import { Asked, Implement, Moments, problem } from '@strata/http';
import type { Principal } from '@strata/http';
import { Aftermath } from '../aftermath.service.js';
import { Commands, beside } from '../commands.service.js';
import { KeyRing } from '../key/key-ring.view.js';
import { GrantRole, RevokeRole, membership } from '../tenant/membership.js';
import { NewUsers } from './new-users.service.js';
import { DeleteUser, user } from './user.js';
import { Users } from './users.service.js';
import type { Found } from './users.service.js';

@Controller()
export class UserHttp {
  constructor(
    private readonly commands: Commands,
    private readonly ring: KeyRing,
    private readonly users: Users,
    private readonly newUsers: NewUsers,
    private readonly moments: Moments,
    private readonly aftermath: Aftermath,
  ) {}

  @Implement(users.list)
  async list(@Asked(users.list) { query, principal }: Asked<typeof users.list>) {
    return this.moments.page(
      'users',
      query,
      (moment, part) => this.users.list(principal.tenantId, moment, part),
      (it) => it,
    );
  }

  @Implement(users.show)
  async show(@Asked(users.show) { params, query, principal }: Asked<typeof users.show>) {
    const asked = await this.moments.at(query.at);
    const it = await this.users.findFor(principal, params.id, asked);
    const { view, moment } = await this.users.showAt(principal.tenantId, it, asked);
    return this.moments.shown(view, moment);
  }

  @Implement(users.create)
  async create(@Asked(users.create) asked: Asked<typeof users.create>): Promise<UserView> {
    const { body, meta, mint, principal, validateOnly } = asked;
    refuseLimited(principal);
    this.#refuseNoTenant(principal);
    return this.newUsers.create(mint('user'), body, { meta, by: principal.role, validateOnly });
  }

  @Implement(users.grant)
  async grant(@Asked(users.grant) asked: Asked<typeof users.grant>): Promise<UserView> {
    const { body, params, meta, principal, validateOnly } = asked;
    refuseLimited(principal);
    this.#refuseNoTenant(principal);
    const { tenantId } = principal;
    const it = await this.users.find(principal, params.id);
    const command = new GrantRole({ tenantId, userId: it.userId, role: body.role, by: principal.role }, meta);
    await this.commands.execute(membership, tenantId, command, validateOnly);
    // Deleted in the same moment: the role must not wait for anybody.
    if (!validateOnly) await this.newUsers.removeIfDeleted(it, meta);
    return this.users.show(tenantId, { ...it, role: body.role });
  }

  @Implement(users.revoke)
  async revoke(@Asked(users.revoke) asked: Asked<typeof users.revoke>): Promise<UserView> {
    const { params, meta, principal, validateOnly } = asked;
    refuseLimited(principal);
    const { tenantId, role: by } = principal;
    const it = await this.users.find(principal, params.id);
    const before = await this.users.show(tenantId, it);
    await this.commands.execute(
      membership,
      tenantId,
      new RevokeRole({ tenantId, userId: it.userId, by }, meta),
      validateOnly,
    );
    return { ...before, role: null };
  }

  @Implement(users.delete)
  async delete(@Asked(users.delete) asked: Asked<typeof users.delete>): Promise<UserView> {
    const { params, meta, principal, validateOnly } = asked;
    refuseLimited(principal);
    const it = await this.users.find(principal, params.id);
    this.users.refuseUnlessOwn(principal, it);
    const before = await this.users.show(principal.tenantId, it);
    const own = { ...meta, tenantId: it.home };
    const end = new DeleteUser({ tenantId: it.home, userId: it.userId }, own);
    // All that can be refused is asked first, so that nobody loses one role and keeps another.
    await this.commands.check(user, it.userId, end);
    const roles = this.#revocations(it, principal, asked);
    for (const role of roles) await this.commands.check(membership, role.data.tenantId, role);
    if (validateOnly) return { ...before, role: null, status: 'deleted' };
    for (const role of roles) await this.commands.execute(membership, role.data.tenantId, role);
    const { events } = await this.commands.execute(user, it.userId, end);
    await this.aftermath.waitFor(events.at(-1)?.position ?? 0);
    return { ...before, role: null, status: 'deleted' };
  }

  @Implement(users.password)
  async password(@Asked(users.password) asked: Asked<typeof users.password>): Promise<UserView> {
    const { body, params, meta, peer, principal, validateOnly } = asked;
    refuseLimited(principal);
    const it = await this.users.findFor(principal, params.id);
    const given = { ...body, keptSession: it.userId === principal.userId ? principal.keyId : null };
    await this.newUsers.setPassword(it, given, { principal, peer, meta: { ...meta, tenantId: it.home }, validateOnly });
    return this.users.show(principal.tenantId, it);
  }

  #revocations({ userId }: Found, { role: by }: Principal, { meta }: Asked<typeof users.delete>) {
    return this.ring.members
      .placesOf(userId)
      .map(({ tenantId }) => new RevokeRole({ tenantId, userId, by }, { ...beside(meta, tenantId), tenantId }));
  }

  /** An administrator of the platform may act for the platform itself, in which nobody has a role. */
  #refuseNoTenant({ tenantId }: Principal) {
    if (this.ring.members.nameOf(tenantId) === undefined) throw problem('tenant.not-found', `${tenantId} has no users`);
  }
}

/** A user can log in and then do all that its role allows, so a key that may do less makes no user and changes none. */
const refuseLimited = ({ only }: Principal) => {
  if (only)
    throw problem('auth.forbidden', `this key is for ${only.join(', ')} only: it neither makes nor changes users`);
};
