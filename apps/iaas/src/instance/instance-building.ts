import { command, reject, unreachable } from '@strata/event-sourcing';
import type { Decision, Event } from '@strata/event-sourcing';
import { idIsTaken } from './instance-id.js';
import { exists } from './instance-state.js';
import type { ExistingInstance, Instance, Placement, Spec } from './instance-state.js';

// ── Commands: from a request to a machine ────────────────────────

type It = Readonly<{ instanceId: string; operationId: string }>;

export class CreateInstance extends command('CreateInstance')<It & { name: string; spec: Spec }> {}
export class BuildDisk extends command('BuildDisk')<It & { placement: Placement }> {}
export class BootInstance extends command('BootInstance')<It> {}
export class FailInstance extends command('FailInstance')<It & { reason: string }> {}

export type BuildingCommand = CreateInstance | BuildDisk | BootInstance | FailInstance;

// ── Events ───────────────────────────────────────────────────────

type Requested = Event<'InstanceRequested', It & { tenantId: string; name: string; spec: Spec; at: string }>;

export type BuildingEvent =
  | Requested
  | Event<'InstanceDiskRequested', It & { placement: Placement }>
  | Event<'InstanceBootRequested', It>
  | Event<'InstanceFailed', It & { reason: string }>;

// ── Rules ────────────────────────────────────────────────────────

export const decideBuilding = ({ type, data, meta }: BuildingCommand, it: Instance): Decision<BuildingEvent> => {
  const { instanceId, operationId } = data;
  if (type === 'CreateInstance') {
    const { name, spec } = data;
    const { tenantId, at } = meta;
    if (it.phase === 'absent')
      return [{ type: 'InstanceRequested', data: { instanceId, operationId, tenantId, name, spec, at } }];
    const isSame =
      exists(it) && it.tenantId === tenantId && JSON.stringify([it.name, it.spec]) === JSON.stringify([name, spec]);
    return isSame ? [] : idIsTaken(instanceId);
  }
  if (it.phase !== 'building')
    return type === 'FailInstance' ? [] : reject('instance.wrong-state', 'this instance is not being built');
  switch (type) {
    case 'BuildDisk':
      return it.placement
        ? []
        : [{ type: 'InstanceDiskRequested', data: { instanceId, operationId, placement: data.placement } }];
    case 'BootInstance':
      return it.wish.revision > 0 ? [] : [{ type: 'InstanceBootRequested', data: { instanceId, operationId } }];
    case 'FailInstance':
      return [{ type: 'InstanceFailed', data: { instanceId, operationId, reason: data.reason } }];
    default:
      return unreachable(type);
  }
};

/** The state that a request begins. */
export const requestedInstance = ({ tenantId, name, spec, operationId, at }: Requested['data']): Instance => ({
  phase: 'building',
  tenantId,
  name,
  spec,
  placement: null,
  wish: { presence: 'present', power: 'off', revision: 0, restart: false, forceAt: null },
  sight: { generation: 0, disk: 'absent', power: 'absent', applied: 0, guestAgent: false },
  built: false,
  task: { kind: 'scheduling', operationId },
  kept: null,
  reason: null,
  createdAt: at,
});

export const evolveBuilding = (it: ExistingInstance, event: Exclude<BuildingEvent, Requested>): Instance => {
  const { operationId } = event.data;
  switch (event.type) {
    case 'InstanceDiskRequested':
      return { ...it, placement: event.data.placement, task: { kind: 'building-disk', operationId } };
    case 'InstanceBootRequested':
      return { ...it, wish: { ...it.wish, power: 'on', revision: 1 }, task: { kind: 'starting', operationId } };
    case 'InstanceFailed':
      return { ...it, phase: 'failed', task: null, reason: event.data.reason };
    default:
      return unreachable(event);
  }
};
