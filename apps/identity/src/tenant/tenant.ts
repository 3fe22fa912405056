import { command } from '@strata/event-sourcing';
import type { Decider, Event } from '@strata/event-sourcing';

export class CreateTenant extends command('CreateTenant')<{ tenantId: string; name: string }> {}

export type TenantEvent = Event<'TenantCreated', { tenantId: string; name: string; at: string }>;

export type Tenant = Readonly<{ phase: 'absent' }> | Readonly<{ phase: 'active'; name: string }>;

/** Who owns things. Quotas, members and an end of tenants come with tenancy. */
export const tenant: Decider<CreateTenant, TenantEvent, Tenant> = {
  name: 'tenant',
  initialState: { phase: 'absent' },
  decide: ({ data, meta: { at } }, it) =>
    it.phase === 'active' ? [] : [{ type: 'TenantCreated', data: { ...data, at } }],
  evolve: (_it, { data: { name } }) => ({ phase: 'active', name }),
};
