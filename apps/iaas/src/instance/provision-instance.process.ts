import { ask, on, process } from '@strata/event-sourcing';
import { PlaceInstance, UnplaceInstance } from '../host/fleet.js';
import type { FleetEvent } from '../host/fleet.js';
import { EnsureImage, imageIdOf } from '../image/image.js';
import type { ImageEvent } from '../image/image.js';
import { AllocateAddress, ReleaseAddress } from '../network/network.js';
import type { NetworkEvent } from '../network/network.js';
import { ReleaseQuota, ReserveQuota } from '../quota/quota.js';
import { BootInstance, BuildDisk, FailInstance } from './instance-building.js';
import { RemoveGuest } from './instance-removal.js';
import type { InstanceEvent } from './instance.js';

/** From a request to a running machine: quota, image, host, address, disk, then power. Any failure hands everything back. */
export const provisionInstance = process('provision-instance', {
  startsOn: on<InstanceEvent, 'InstanceRequested'>('InstanceRequested'),
  subject: ({ instanceId }) => ({ type: 'instance', id: instanceId }),
})
  .step('quota', {
    do: ({ instanceId, operationId, name, spec: { vcpus, memoryMiB, diskGiB } }) =>
      ask(ReserveQuota, { instanceId, operationId, name, vcpus, memoryMiB, diskGiB }),
    within: 30,
    undo: { do: ({ instanceId }) => ask(ReleaseQuota, { instanceId }) },
  })
  .step('image', {
    do: ({ operationId, spec: { recipe } }) => ask(EnsureImage, { imageId: imageIdOf(recipe), recipe, operationId }),
    done: on<ImageEvent, 'ImageReady'>('ImageReady'),
    failed: on<ImageEvent, 'ImageNotReady'>('ImageNotReady'),
    progress: on<ImageEvent, 'ImageBuildProgressed'>('ImageBuildProgressed'),
    within: 1800,
  })
  .step('host', {
    do: ({ instanceId, operationId, spec: { vcpus, memoryMiB, diskGiB } }) =>
      ask(PlaceInstance, { instanceId, operationId, size: { vcpus, memoryMiB, diskGiB } }),
    done: on<FleetEvent, 'InstancePlaced'>('InstancePlaced'),
    within: 30,
    undo: { do: ({ instanceId, operationId }) => ask(UnplaceInstance, { instanceId, operationId }) },
  })
  .step('address', {
    do: ({ instanceId, operationId, name, spec: { networkId } }) =>
      ask(AllocateAddress, { networkId, instanceId, operationId, name }),
    done: on<NetworkEvent, 'AddressAllocated'>('AddressAllocated'),
    within: 30,
    undo: {
      do: ({ instanceId, operationId, spec: { networkId } }) =>
        ask(ReleaseAddress, { networkId, instanceId, operationId }),
    },
  })
  .step('disk', {
    do: ({ instanceId, operationId, hostId, lease, digest }) =>
      ask(BuildDisk, { instanceId, operationId, placement: { hostId, lease, digest } }),
    done: on<InstanceEvent, 'InstanceDiskBuilt'>('InstanceDiskBuilt'),
    failed: on<InstanceEvent, 'InstanceTaskFailed'>('InstanceTaskFailed'),
    within: 300,
    undo: {
      do: ({ instanceId, operationId }) => ask(RemoveGuest, { instanceId, operationId }),
      done: on<InstanceEvent, 'InstanceGuestRemoved'>('InstanceGuestRemoved'),
    },
  })
  .step('boot', {
    do: ({ instanceId, operationId }) => ask(BootInstance, { instanceId, operationId }),
    done: on<InstanceEvent, 'InstancePowerReached'>('InstancePowerReached'),
    failed: on<InstanceEvent, 'InstanceTaskFailed'>('InstanceTaskFailed'),
    within: 300,
  })
  .ends({
    failed: ({ instanceId, operationId }, { reason }) => ask(FailInstance, { instanceId, operationId, reason }),
  });
