import { defineView } from '@strata/event-store';
import type { TenantEvent } from './tenant.js';

export type TenantRow = Readonly<{ tenantId: string; name: string; createdAt: string }>;

/** By what happened and not by stream: in a log that began with 0.1.0 the first tenant has a stream of its own. */
export const tenantView = defineView<TenantRow, 'name', TenantEvent>({
  name: 'tenant',
  about: ['tenant'],
  key: ({ type, data }) => (type === 'TenantCreated' || type === 'TenantDeleted' ? data.tenantId : undefined),
  tenant: (row) => row.tenantId,
  acrossTenants: ['name'],
  columns: { name: (row) => row.name },
  evolve(row, { type, data }) {
    if (type === 'TenantDeleted') return undefined;
    return row ?? { tenantId: data.tenantId, name: data.name, createdAt: data.at };
  },
});
