import { ask, on, process } from '@strata/event-sourcing';
import { UnplaceInstance } from '../host/fleet.js';
import { ReleaseAddress } from '../network/network.js';
import { ReleaseQuota } from '../quota/quota.js';
import { AbandonTask, FinishDeletion, RemoveGuest } from './instance-removal.js';
import type { InstanceEvent } from './instance.js';

/**
 * From a wish to nothing left. There is no way back, so there is no undo: a step that cannot be done leaves the instance
 * in error, and deleting it again goes on where this ended, because every release may be asked for twice.
 */
export const deleteInstance = process('delete-instance', {
  startsOn: on<InstanceEvent, 'InstanceDeletionRequested'>('InstanceDeletionRequested'),
  subject: ({ instanceId }) => ({ type: 'instance', id: instanceId }),
  cancellable: false,
})
  .step('guest', {
    do: ({ instanceId, operationId }) => ask(RemoveGuest, { instanceId, operationId }),
    done: on<InstanceEvent, 'InstanceGuestRemoved'>('InstanceGuestRemoved'),
    within: 300,
  })
  .step('address', {
    do: ({ instanceId, operationId, networkId }) => ask(ReleaseAddress, { networkId, instanceId, operationId }),
    within: 30,
  })
  .step('host', { do: ({ instanceId, operationId }) => ask(UnplaceInstance, { instanceId, operationId }), within: 30 })
  .step('quota', { do: ({ instanceId }) => ask(ReleaseQuota, { instanceId }), within: 30 })
  .step('record', { do: ({ instanceId, operationId }) => ask(FinishDeletion, { instanceId, operationId }), within: 30 })
  .ends({ failed: ({ instanceId, operationId }, { reason }) => ask(AbandonTask, { instanceId, operationId, reason }) });
