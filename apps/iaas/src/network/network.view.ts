import type { NetworkView } from '@strata/contracts';
import { PLATFORM } from '@strata/event-sourcing';
import { defineView, idIn } from '@strata/event-store';
import { EVERYBODYS_NETWORK, rangeOf } from './network.js';
import type { NetworkEvent } from './network.js';

export type NetworkRow = Readonly<{
  id: string;
  tenantId: string;
  name: string;
  cidr: string;
  createdAt: string;
  used: number;
  /** What went wrong where, by host. */
  problems: Readonly<Record<string, string>>;
}>;

export const networkView = defineView<NetworkRow, 'name', NetworkEvent>({
  name: 'network',
  version: 2,
  about: ['network'],
  scope: 'platform',
  key: (event) => idIn(event.stream),
  tenant: (row) => (row.id === EVERYBODYS_NETWORK ? PLATFORM : row.tenantId),
  shared: true,
  columns: { name: (row) => row.name },
  evolve(row, event) {
    if (event.type === 'NetworkCreated') {
      const { networkId: id, tenantId, name, cidr, at: createdAt } = event.data;
      return { id, tenantId, name, cidr, createdAt, used: 0, problems: {} };
    }
    if (!row) return undefined;
    switch (event.type) {
      case 'AddressAllocated':
        return { ...row, used: row.used + 1 };
      case 'AddressReleased':
        return { ...row, used: row.used - 1 };
      case 'NetworkObserved': {
        const { hostId, problem } = event.data;
        const others = Object.entries(row.problems).filter(([host]) => host !== hostId);
        return { ...row, problems: Object.fromEntries(problem === null ? others : [...others, [hostId, problem]]) };
      }
    }
  },
});

export const shownNetwork = ({ id, name, cidr, createdAt, used, problems }: NetworkRow): NetworkView => {
  const { gateway, usable } = rangeOf(cidr);
  const troubles = Object.entries(problems).map(([hostId, problem]) => `${hostId}: ${problem}`);
  return {
    id,
    name,
    status: troubles.length > 0 ? 'degraded' : 'active',
    task: null,
    statusReason: troubles.join('; ') || null,
    createdAt,
    labels: {},
    type: 'nat',
    cidr,
    gateway,
    addressesUsed: used,
    addressesFree: usable - used,
  };
};
