import type { FlavorView } from '@strata/contracts';
import { PLATFORM } from '@strata/event-sourcing';
import { defineView } from '@strata/event-store';
import { flavor } from './flavor.js';
import type { Flavor, FlavorEvent } from './flavor.js';

export type FlavorRow = Extract<Flavor, { phase: 'offered' }>;

export const flavorView = defineView<FlavorRow, 'memoryMiB', FlavorEvent>({
  name: 'flavor',
  version: 2,
  about: ['flavor'],
  scope: 'platform',
  key: (event) => event.data.name,
  tenant: () => PLATFORM,
  shared: true,
  columns: { memoryMiB: (row) => row.memoryMiB },
  evolve(row, event) {
    const it = flavor.evolve(row ?? flavor.initialState, event);
    return it.phase === 'offered' ? it : undefined;
  },
});

export const shownFlavor = ({ name, vcpus, memoryMiB, diskGiB, createdAt }: FlavorRow): FlavorView => ({
  id: `flavor_${name}`,
  name,
  status: 'available',
  task: null,
  statusReason: null,
  createdAt,
  labels: {},
  vcpus,
  memoryMiB,
  diskGiB,
});
