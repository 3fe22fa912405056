import { defineView } from '@strata/event-store';
import type { Recorded } from '@strata/event-store';
import type { InstanceEvent } from '../instance/instance.js';
import type { QuotaEvent } from './quota.js';

/** A reservation, and whether the instance that it was made for came to be. */
export type ReservationRow = Readonly<{ instanceId: string; tenantId: string; at: string; claimed: boolean }>;

type Watched =
  | Extract<QuotaEvent, { type: 'QuotaReserved' | 'QuotaReleased' }>
  | Extract<InstanceEvent, { type: 'InstanceRequested' }>;
const watched = new Set<string>(['QuotaReserved', 'QuotaReleased', 'InstanceRequested'] satisfies Watched['type'][]);

export const reservationView = defineView<ReservationRow, 'claimed', Watched>({
  name: 'reservation',
  version: 2,
  about: ['quota', 'instance'],
  tenant: (row) => row.tenantId,
  acrossTenants: ['claimed'],
  key: (event: Recorded<Watched>) => (watched.has(event.type) ? event.data.instanceId : undefined),
  columns: { claimed: (row) => row.claimed },
  evolve(row, event, instanceId) {
    switch (event.type) {
      case 'QuotaReserved':
        return { instanceId, tenantId: event.meta.tenantId, at: event.data.at, claimed: row?.claimed ?? false };
      case 'InstanceRequested':
        return row && { ...row, claimed: true };
      case 'QuotaReleased':
        return undefined;
    }
  },
});
