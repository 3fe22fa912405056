import { command, reject, unreachable } from '@strata/event-sourcing';
import type { Decision, Event } from '@strata/event-sourcing';
import { exists, followingSight, refusal } from './instance-state.js';
import type { ExistingInstance, Instance, Placement, Spec } from './instance-state.js';

// ── Commands: from a request to a machine, and to nothing again ──

type It = Readonly<{ instanceId: string; operationId: string }>;

export class CreateInstance extends command('CreateInstance')<It & { name: string; spec: Spec }> {}
export class BuildDisk extends command('BuildDisk')<It & { placement: Placement }> {}
export class BootInstance extends command('BootInstance')<It> {}
export class FailInstance extends command('FailInstance')<It & { reason: string }> {}
export class DeleteInstance extends command('DeleteInstance')<It> {}
export class RemoveGuest extends command('RemoveGuest')<It> {}
export class FinishDeletion extends command('FinishDeletion')<It> {}
/** The operation at work has ended without success: the wish follows what was last seen. */
export class AbandonTask extends command('AbandonTask')<It & { reason: string }> {}

export type LifeCommand =
  | CreateInstance
  | BuildDisk
  | BootInstance
  | FailInstance
  | DeleteInstance
  | RemoveGuest
  | FinishDeletion
  | AbandonTask;

// ── Events ───────────────────────────────────────────────────────

export type LifeEvent =
  | Event<'InstanceRequested', It & { tenantId: string; name: string; spec: Spec; at: string }>
  | Event<'InstanceDiskRequested', It & { placement: Placement }>
  | Event<'InstanceBootRequested', It>
  | Event<'InstanceFailed', It & { reason: string }>
  | Event<'InstanceDeletionRequested', It & { networkId: string }>
  | Event<'InstanceRemovalRequested', It>
  | Event<'InstanceGuestRemoved', It>
  | Event<'InstanceDeleted', It>
  | Event<'InstanceTaskAbandoned', It & { reason: string }>;

// ── Rules ────────────────────────────────────────────────────────

export const decideLife = ({ type, data, meta }: LifeCommand, it: Instance): Decision<LifeEvent> => {
  const { instanceId, operationId } = data;
  const ours = exists(it) && it.task?.operationId === operationId;
  switch (type) {
    case 'CreateInstance': {
      const { name, spec } = data;
      const { tenantId, at } = meta;
      if (it.phase === 'absent')
        return [{ type: 'InstanceRequested', data: { instanceId, operationId, tenantId, name, spec, at } }];
      const isSame =
        exists(it) && it.tenantId === tenantId && it.name === name && JSON.stringify(it.spec) === JSON.stringify(spec);
      return isSame ? [] : reject('instance.exists', `the id ${instanceId} belongs to another instance already`);
    }
    case 'BuildDisk': {
      if (it.phase !== 'building')
        return reject('instance.wrong-state', 'only an instance that is being built gets a disk');
      return it.placement
        ? []
        : [{ type: 'InstanceDiskRequested', data: { instanceId, operationId, placement: data.placement } }];
    }
    case 'BootInstance': {
      if (it.phase !== 'building')
        return reject('instance.wrong-state', 'only an instance that is being built is booted');
      return it.wish.revision > 0 ? [] : [{ type: 'InstanceBootRequested', data: { instanceId, operationId } }];
    }
    case 'FailInstance':
      return it.phase === 'building'
        ? [{ type: 'InstanceFailed', data: { instanceId, operationId, reason: data.reason } }]
        : [];
    case 'DeleteInstance': {
      if (ours) return [];
      const refused = refusal('delete', it);
      if (refused || !exists(it)) return refused ?? [];
      return [{ type: 'InstanceDeletionRequested', data: { instanceId, operationId, networkId: it.spec.networkId } }];
    }
    case 'RemoveGuest': {
      if (!exists(it)) return reject('instance.not-found', 'there is no such instance');
      if (!it.placement) return [{ type: 'InstanceGuestRemoved', data: { instanceId, operationId } }];
      return ours && it.wish.presence === 'absent'
        ? []
        : [{ type: 'InstanceRemovalRequested', data: { instanceId, operationId } }];
    }
    case 'FinishDeletion':
      return exists(it) ? [{ type: 'InstanceDeleted', data: { instanceId, operationId } }] : [];
    case 'AbandonTask':
      return ours ? [{ type: 'InstanceTaskAbandoned', data: { instanceId, operationId, reason: data.reason } }] : [];
    default:
      return unreachable(type);
  }
};

/** The state that a request begins. */
export const requestedInstance = ({
  tenantId,
  name,
  spec,
  operationId,
  at,
}: Extract<LifeEvent, { type: 'InstanceRequested' }>['data']): Instance => ({
  phase: 'building',
  tenantId,
  name,
  spec,
  placement: null,
  wish: { presence: 'present', power: 'off', revision: 0, restart: false, forceAt: null },
  sight: { generation: 0, disk: 'absent', power: 'absent', applied: 0, guestAgent: false },
  built: false,
  task: { kind: 'scheduling', operationId },
  reason: null,
  createdAt: at,
});

export const evolveLife = (
  it: ExistingInstance,
  event: Exclude<LifeEvent, { type: 'InstanceRequested' }>,
): Instance => {
  const { operationId } = event.data;
  switch (event.type) {
    case 'InstanceDiskRequested':
      return { ...it, placement: event.data.placement, task: { kind: 'building-disk', operationId } };
    case 'InstanceBootRequested':
      return { ...it, wish: { ...it.wish, power: 'on', revision: 1 }, task: { kind: 'starting', operationId } };
    case 'InstanceFailed':
      return { ...it, phase: 'failed', task: null, reason: event.data.reason };
    case 'InstanceDeletionRequested':
      return { ...it, phase: 'deleting', task: { kind: 'deleting', operationId } };
    case 'InstanceRemovalRequested':
      return { ...it, wish: { ...it.wish, presence: 'absent' }, task: { kind: 'deleting', operationId } };
    case 'InstanceGuestRemoved':
      return { ...it, placement: null };
    case 'InstanceDeleted':
      return { phase: 'deleted' };
    case 'InstanceTaskAbandoned':
      return { ...followingSight(it), task: null, reason: event.data.reason };
    default:
      return unreachable(event);
  }
};
