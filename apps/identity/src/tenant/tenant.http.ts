import { Controller } from '@nestjs/common';
import { isAtLeast, tenants } from '@strata/contracts';
import type { Role, TenantView } from '@strata/contracts';
import { PLATFORM } from '@strata/event-sourcing';
import { streamName } from '@strata/event-store';
import type { Moment } from '@strata/event-store';
import { Asked, Implement, Moments, problem } from '@strata/http';
import type { Principal } from '@strata/http';
import { Commands } from '../commands.service.js';
import { KeyRing } from '../key/key-ring.view.js';
import { Occupancy } from '../occupancy.js';
import { Views } from '../views.js';
import { CreateTenant, DeleteTenant, TENANTS, tenant } from './tenant.js';
import type { TenantRow } from './tenant.view.js';

@Controller()
export class TenantHttp {
  constructor(
    private readonly commands: Commands,
    private readonly ring: KeyRing,
    private readonly views: Views,
    private readonly occupancy: Occupancy,
    private readonly moments: Moments,
  ) {}

  @Implement(tenants.list)
  async list(@Asked(tenants.list) { query, principal }: Asked<typeof tenants.list>) {
    if (principal.role === 'platform-administrator') {
      return this.moments.page(
        'tenants',
        query,
        async (moment, part) => (await moment.allRows(this.views.tenants)).list({ orderBy: ['name'], ...part }),
        (row) => shown(row, principal.role),
      );
    }
    // What may be seen of the past is said by the roles of today.
    const roles = await this.#rolesOf(principal);
    return this.moments.page(
      'own tenants',
      query,
      (moment, part) => this.#own([...roles.keys()], moment, part),
      (row) => shown(row, roles.get(row.tenantId) ?? null),
    );
  }

  @Implement(tenants.show)
  async show(@Asked(tenants.show) { params, query, principal }: Asked<typeof tenants.show>) {
    const { view, moment } = await this.#find(principal, params.id, await this.moments.at(query.at));
    return this.moments.shown(view, moment);
  }

  @Implement(tenants.create)
  async create(@Asked(tenants.create) asked: Asked<typeof tenants.create>): Promise<TenantView> {
    const { body, mint, principal, validateOnly } = asked;
    const { name, id: tenantId = mint('ten') } = body;
    // The new tenant's log begins with its creation.
    const meta = { ...asked.meta, tenantId };
    await this.commands.execute(tenant, TENANTS, new CreateTenant({ tenantId, name }, meta), validateOnly);
    return shown({ tenantId, name, createdAt: meta.at }, principal.role);
  }

  @Implement(tenants.delete)
  async delete(@Asked(tenants.delete) asked: Asked<typeof tenants.delete>): Promise<TenantView> {
    const { params, principal, validateOnly } = asked;
    const { view: shownBefore } = await this.#find(principal, params.id, await this.moments.now());
    const { id: tenantId } = shownBefore;
    const command = new DeleteTenant({ tenantId }, { ...asked.meta, tenantId });
    await this.commands.check(tenant, TENANTS, command);
    await this.#refuseOccupied(shownBefore);
    this.#refuseOrphans(tenantId);
    await this.commands.execute(tenant, TENANTS, command, validateOnly);
    return { ...shownBefore, status: 'deleted' };
  }

  async #find(principal: Principal, idOrName: string, moment: Moment) {
    const unknown = problem('tenant.not-found', `there is no tenant "${idOrName}"`);
    const tenantId = await this.#idOf(idOrName, moment);
    const role = tenantId === undefined ? undefined : await this.#roleIn(principal, tenantId, moment);
    if (tenantId === undefined || !role) throw unknown;
    const { row, position } = await (await moment.rows(this.views.tenants, tenantId)).look(tenantId);
    if (!row) throw unknown;
    return { view: shown(row, role), moment: moment.at(position) };
  }

  /** A name may have been another tenant's then. */
  async #idOf(idOrName: string, moment: Moment): Promise<string | undefined> {
    if (!moment.then) return this.ring.members.tenantId(idOrName);
    const { names } = await moment.state(tenant, streamName(tenant, TENANTS, PLATFORM));
    return names.get(idOrName) ?? idOrName;
  }

  /** Of a tenant that is deleted by now, administrators of the platform alone may see what it was. */
  async #roleIn(principal: Principal, tenantId: string, { then }: Moment): Promise<Role | undefined> {
    const there = await this.ring.inTenant(principal, tenantId);
    if (there) return there.role;
    return then && principal.role === 'platform-administrator' ? principal.role : undefined;
  }

  /** In every tenant that this key is good for. */
  async #rolesOf(principal: Principal): Promise<ReadonlyMap<string, Role>> {
    const roles = new Map<string, Role>();
    for (const { tenantId } of this.ring.members.placesOf(principal.userId)) {
      const there = await this.ring.inTenant(principal, tenantId);
      if (there) roles.set(tenantId, there.role);
    }
    return roles;
  }

  /** A person has few tenants: they are sorted here. */
  async #own(
    ids: readonly string[],
    moment: Moment,
    { limit, after = '' }: Readonly<{ limit: number; after?: string }>,
  ) {
    const rest = ids.toSorted().filter((id) => id > after);
    const rows = await Promise.all(
      rest.slice(0, limit).map(async (id) => (await moment.rows(this.views.tenants, id)).get(id)),
    );
    const last = rest.length > limit ? rest[limit - 1] : undefined;
    return { rows: rows.filter((row) => row !== undefined), next: last, position: moment.position };
  }

  /** What other services keep for it would be nobody's. */
  async #refuseOccupied({ id, name }: TenantView) {
    const things = await this.occupancy.of(id);
    const words = Object.entries(things).flatMap(([what, count]) => (count > 0 ? [`${what}: ${count}`] : []));
    if (words.length === 0) return;
    throw problem('tenant.not-empty', `the tenant "${name}" still has things (${words.join(', ')})`, { things });
  }

  /** Its users go with it, also where they are the only owner of another tenant. */
  #refuseOrphans(id: string) {
    const { members } = this.ring;
    for (const userId of members.usersOf(id)) {
      for (const { tenantId, role } of members.placesOf(userId)) {
        if (tenantId === id || !role || !isAtLeast(role, 'owner') || members.ownersOf(tenantId) > 1) continue;
        const detail = `its user ${userId} is the only owner of the tenant "${members.nameOf(tenantId)}"`;
        throw problem('tenant.last-owner', detail);
      }
    }
  }
}

const shown = ({ tenantId, name, createdAt }: TenantRow, role: Role | null): TenantView => ({
  id: tenantId,
  name,
  status: 'active',
  task: null,
  statusReason: null,
  createdAt,
  labels: {},
  role,
});
