import { command, reject, unreachable } from '@strata/event-sourcing';
import type { Decider, Decision, Event } from '@strata/event-sourcing';
import { Map } from 'immutable';

/*
 * Theory of operation. All tenants are one aggregate, so that a name is taken by one of two who want it at once. Who may do
 * what in a tenant is an aggregate of its own, `membership`: people come and go far more often than tenants.
 */

type It = Readonly<{ tenantId: string }>;

export class CreateTenant extends command('CreateTenant')<It & { name: string }> {}
export class DeleteTenant extends command('DeleteTenant')<It> {}
export type TenantCommand = CreateTenant | DeleteTenant;

export type TenantEvent =
  Event<'TenantCreated', It & { name: string; at: string }> | Event<'TenantDeleted', It & { at: string }>;

/** Ids of the deleted stay: nobody gets the id of another. */
export type Tenants = Readonly<{
  tenants: Map<string, Readonly<{ phase: 'active'; name: string }> | Readonly<{ phase: 'deleted' }>>;
  names: Map<string, string>;
}>;

/** The one stream. */
export const TENANTS = 'all';

/** Where the first administrator is. Both stay: somebody must be able to help when everybody else is locked out. */
export const FIRST_TENANT = 'ten_default';
export const FIRST_USER = 'user_admin';

const decide = (command: TenantCommand, { tenants, names }: Tenants): Decision<TenantEvent> => {
  const { at } = command.meta;
  const { tenantId } = command.data;
  const there = tenants.get(tenantId);
  switch (command.type) {
    case 'CreateTenant': {
      const { name } = command.data;
      if (there?.phase === 'active' && there.name === name) return [];
      if (there || tenantId === 'ten_platform') return reject('tenant.exists', `the id ${tenantId} is taken`);
      if (names.has(name)) return reject('tenant.name-taken', `there is a tenant "${name}" already`);
      return [{ type: 'TenantCreated', data: { tenantId, name, at } }];
    }
    case 'DeleteTenant':
      if (tenantId === FIRST_TENANT) return reject('tenant.protected', 'the first administrator is in this tenant');
      if (!there) return reject('tenant.not-found', `there is no tenant ${tenantId}`);
      return there.phase === 'deleted' ? [] : [{ type: 'TenantDeleted', data: { tenantId, at } }];
    default:
      return unreachable(command);
  }
};

const evolve = (it: Tenants, event: TenantEvent): Tenants => {
  const { tenantId } = event.data;
  if (event.type === 'TenantCreated') {
    const { name } = event.data;
    return { tenants: it.tenants.set(tenantId, { phase: 'active', name }), names: it.names.set(name, tenantId) };
  }
  const gone = it.tenants.get(tenantId);
  const names = gone?.phase === 'active' ? it.names.delete(gone.name) : it.names;
  return { tenants: it.tenants.set(tenantId, { phase: 'deleted' }), names };
};

export const tenant: Decider<TenantCommand, TenantEvent, Tenants> = {
  name: 'tenant',
  scope: 'platform',
  initialState: { tenants: Map(), names: Map() },
  decide,
  evolve,
};
