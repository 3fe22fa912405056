import type { Power } from '@strata/contracts';
import { command, reject, unreachable } from '@strata/event-sourcing';
import type { Decision, Event } from '@strata/event-sourcing';
import { scheduleDeletion } from './instance-keeping.js';
import type { KeepingEvent } from './instance-keeping.js';
import { exists, followingSight, refusal, statusOf } from './instance-state.js';
import type { ExistingInstance, Instance } from './instance-state.js';

// ── Commands: from a machine to nothing ──────────────────────────

type It = Readonly<{ instanceId: string; operationId: string }>;

/** `keepSeconds`: how long the deletion can be taken back; what is in error is worth no keeping. */
export class DeleteInstance extends command('DeleteInstance')<It & { keepSeconds: number }> {}
export class RemoveGuest extends command('RemoveGuest')<It> {}
export class FinishDeletion extends command('FinishDeletion')<It> {}
/** The operation at work has ended without success: the wish follows what was last seen. */
export class AbandonTask extends command('AbandonTask')<It & { reason: string }> {}

export type RemovalCommand = DeleteInstance | RemoveGuest | FinishDeletion | AbandonTask;

// ── Events ───────────────────────────────────────────────────────

export type RemovalEvent =
  | Event<'InstanceDeletionRequested', It & { networkId: string }>
  | Event<'InstanceRemovalRequested', It>
  | Event<'InstanceGuestRemoved', It>
  | Event<'InstanceDeleted', It>
  | Event<'InstanceTaskAbandoned', It & { reason: string }>;

type PowerReached = Event<'InstancePowerReached', It & { power: Power }>;

// ── Rules ────────────────────────────────────────────────────────

export const decideRemoval = (
  { type, data, meta }: RemovalCommand,
  it: Instance,
): Decision<RemovalEvent | KeepingEvent | PowerReached> => {
  const { instanceId, operationId } = data;
  const isOurs = exists(it) && it.task?.operationId === operationId;
  switch (type) {
    case 'DeleteInstance': {
      if (isOurs) return [];
      const refused = refusal('delete', it);
      if (refused || !exists(it)) return refused ?? [];
      const status = statusOf(it);
      if (data.keepSeconds > 0 && status === 'deleted') return [];
      if (data.keepSeconds > 0 && status !== 'error') return scheduleDeletion(data, data.keepSeconds, meta.at, it);
      return [{ type: 'InstanceDeletionRequested', data: { instanceId, operationId, networkId: it.spec.networkId } }];
    }
    case 'RemoveGuest': {
      if (!exists(it)) return reject('instance.not-found', 'there is no such instance');
      if (!it.placement) return [{ type: 'InstanceGuestRemoved', data: { instanceId, operationId } }];
      if (isOurs && it.wish.presence === 'absent') return [];
      return [{ type: 'InstanceRemovalRequested', data: { instanceId, operationId } }];
    }
    case 'FinishDeletion':
      return exists(it) ? [{ type: 'InstanceDeleted', data: { instanceId, operationId } }] : [];
    case 'AbandonTask':
      return isOurs ? [{ type: 'InstanceTaskAbandoned', data: { instanceId, operationId, reason: data.reason } }] : [];
    default:
      return unreachable(type);
  }
};

export const evolveRemoval = (it: ExistingInstance, event: RemovalEvent): Instance => {
  const { operationId } = event.data;
  switch (event.type) {
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
