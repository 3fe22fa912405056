import type { Power } from '@strata/contracts';
import { command, reject, unreachable } from '@strata/event-sourcing';
import type { Decision, Event } from '@strata/event-sourcing';
import { exists, refusal, statusOf } from './instance-state.js';
import type { ExistingInstance, Instance } from './instance-state.js';

/*
 * Theory of operation. Where a tenant keeps what it deletes, a deletion only stops the guest, and everything else waits: the
 * disk, the address, the place, the quota and the name. Until the time is over the deletion can be taken back; then what is
 * kept is removed as any other instance is. Whoever removes it names the time that it saw, so that an instance which was
 * restored a moment before is left alone.
 */

// ── Commands ─────────────────────────────────────────────────────

type It = Readonly<{ instanceId: string; operationId: string }>;

export class RestoreInstance extends command('RestoreInstance')<It> {}
/** The time until which a deleted instance is kept is over. */
export class PurgeInstance extends command('PurgeInstance')<It & { until: string }> {}

export type KeepingCommand = RestoreInstance | PurgeInstance;

// ── Events ───────────────────────────────────────────────────────

export type KeepingEvent =
  /** `power` is what it goes back to: what was in the memory of a paused guest is gone. */
  | Event<'InstanceDeletionScheduled', It & { until: string; power: Power; revision: number; forceAt: string | null }>
  | Event<'InstanceRestored', It & { power: Power; revision: number }>;

type Reached = Event<'InstancePowerReached', It & { power: Power }>;
type Removal = Event<'InstanceDeletionRequested', It & { networkId: string }>;

// ── Rules ────────────────────────────────────────────────────────

/** How long a guest may take to shut down when its instance is deleted. */
const GRACE_SECONDS = 30;

const later = (at: string, seconds: number) => new Date(Date.parse(at) + seconds * 1000).toISOString();

/** A deletion that can be taken back for so many seconds. */
export const scheduleDeletion = (
  { instanceId, operationId }: It,
  keepSeconds: number,
  at: string,
  { wish, sight }: ExistingInstance,
): readonly (KeepingEvent | Reached)[] => {
  const isOff = wish.power === 'off' && sight.power === 'off';
  const revision = isOff ? wish.revision : wish.revision + 1;
  const power = wish.power === 'on' ? 'on' : 'off';
  const forceAt = isOff ? null : later(at, GRACE_SECONDS);
  const data = { instanceId, operationId, until: later(at, keepSeconds), power, revision, forceAt } as const;
  const scheduled = { type: 'InstanceDeletionScheduled', data } as const;
  return isOff ? [scheduled, reached({ instanceId, operationId }, 'off')] : [scheduled];
};

const reached = ({ instanceId, operationId }: It, power: Power): Reached => ({
  type: 'InstancePowerReached',
  data: { instanceId, operationId, power },
});

export const decideKeeping = (
  { type, data, meta }: KeepingCommand,
  it: Instance,
): Decision<KeepingEvent | Reached | Removal> => {
  const { instanceId, operationId } = data;
  switch (type) {
    case 'RestoreInstance': {
      if (exists(it) && it.task?.operationId === operationId) return [];
      if (exists(it) && !it.task && statusOf(it) === 'stopped') return [];
      const refused = refusal('restore', it);
      if (refused || !exists(it) || !it.kept) return refused ?? [];
      if (it.kept.until <= meta.at) return reject('instance.not-found', 'it was kept until now, and is being removed');
      const { power } = it.kept;
      const revision = power === 'on' ? it.wish.revision + 1 : it.wish.revision;
      const restored = { type: 'InstanceRestored', data: { instanceId, operationId, power, revision } } as const;
      return power === 'on' ? [restored] : [restored, reached(data, power)];
    }
    case 'PurgeInstance': {
      if (!exists(it) || it.task || it.kept?.until !== data.until || data.until > meta.at) return [];
      if (statusOf(it) !== 'deleted') return [];
      return [{ type: 'InstanceDeletionRequested', data: { instanceId, operationId, networkId: it.spec.networkId } }];
    }
    default:
      return unreachable(type);
  }
};

export const evolveKeeping = (it: ExistingInstance, event: KeepingEvent): Instance => {
  const { operationId, power, revision } = event.data;
  switch (event.type) {
    case 'InstanceDeletionScheduled': {
      const { until, forceAt } = event.data;
      const wish = { ...it.wish, power: 'off', restart: false, revision, forceAt } as const;
      return { ...it, wish, kept: { until, power }, task: { kind: 'stopping', operationId } };
    }
    case 'InstanceRestored': {
      const wish = { ...it.wish, power, restart: false, revision, forceAt: null };
      return { ...it, wish, kept: null, task: { kind: 'starting', operationId } };
    }
    default:
      return unreachable(event);
  }
};
