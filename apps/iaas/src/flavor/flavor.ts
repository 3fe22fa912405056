import { command, reject, unreachable } from '@strata/event-sourcing';
import type { Decider, Decision, Event } from '@strata/event-sourcing';

export type Size = Readonly<{ vcpus: number; memoryMiB: number; diskGiB: number }>;

export class CreateFlavor extends command('CreateFlavor')<{ name: string } & Size> {}
export class DeleteFlavor extends command('DeleteFlavor')<{ name: string }> {}
export type FlavorCommand = CreateFlavor | DeleteFlavor;

export type FlavorEvent =
  Event<'FlavorCreated', { name: string; at: string } & Size> | Event<'FlavorDeleted', { name: string }>;

export type Flavor =
  Readonly<{ phase: 'absent' }> | Readonly<{ phase: 'offered'; name: string; createdAt: string } & Size>;

/** What there is from the start. `nano` boots both built-in images; each next one is twice the one before or more. */
export const builtInFlavors: readonly Readonly<{ name: string } & Size>[] = [
  { name: 'nano', vcpus: 1, memoryMiB: 512, diskGiB: 4 },
  { name: 'micro', vcpus: 1, memoryMiB: 1024, diskGiB: 8 },
  { name: 'small', vcpus: 1, memoryMiB: 2048, diskGiB: 16 },
  { name: 'medium', vcpus: 2, memoryMiB: 4096, diskGiB: 32 },
  { name: 'large', vcpus: 4, memoryMiB: 8192, diskGiB: 64 },
];

const decide = (command: FlavorCommand, it: Flavor): Decision<FlavorEvent> => {
  switch (command.type) {
    case 'CreateFlavor': {
      if (it.phase === 'absent') return [{ type: 'FlavorCreated', data: { ...command.data, at: command.meta.at } }];
      const { vcpus, memoryMiB, diskGiB } = command.data;
      const same = it.vcpus === vcpus && it.memoryMiB === memoryMiB && it.diskGiB === diskGiB;
      return same ? [] : reject('flavor.exists', `there is a flavor named ${it.name} of another size`);
    }
    case 'DeleteFlavor':
      return it.phase === 'absent'
        ? reject('flavor.not-found', 'there is no such flavor')
        : [{ type: 'FlavorDeleted', data: { name: it.name } }];
    default:
      return unreachable(command);
  }
};

export const flavor: Decider<FlavorCommand, FlavorEvent, Flavor> = {
  name: 'flavor',
  scope: 'platform',
  initialState: { phase: 'absent' },
  decide,
  evolve(_it, event) {
    if (event.type === 'FlavorDeleted') return { phase: 'absent' };
    const { name, at: createdAt, vcpus, memoryMiB, diskGiB } = event.data;
    return { phase: 'offered', name, createdAt, vcpus, memoryMiB, diskGiB };
  },
};
