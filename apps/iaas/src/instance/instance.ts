import { allowedVerbs, instanceCan } from '@strata/contracts';
import type { InstanceSight, InstanceStatus, InstanceTask, InstanceVerb, Power } from '@strata/contracts';
import { command, reject, unreachable } from '@strata/event-sourcing';
import type { Decider, Decision, Event, Rejection } from '@strata/event-sourcing';
import { decideSight } from './instance-sight.js';

/*
 * Theory of operation. A tenant's command changes the wish, a host's report changes the sight, and the status is computed
 * from both. A wish about power counts its revisions; the host remembers the highest revision that it carried out, so what
 * was applied is never applied again. When the sight differs from the wish and nobody is at work on it, something happened
 * behind our back: the wish then follows the sight and the reason is kept, because starting a guest again is for its owner
 * to decide. At most one operation is at work on an instance.
 */

// ── Commands: what may be asked ──────────────────────────────────

type It = Readonly<{ instanceId: string; operationId: string }>;

export class CreateInstance extends command('CreateInstance')<It & { name: string; spec: Spec }> {}
export class StartInstance extends command('StartInstance')<It> {}
export class StopInstance extends command('StopInstance')<It & { graceSeconds: number }> {}
export class RebootInstance extends command('RebootInstance')<It & { graceSeconds: number }> {}
export class PauseInstance extends command('PauseInstance')<It> {}
export class ResumeInstance extends command('ResumeInstance')<It> {}
export class DeleteInstance extends command('DeleteInstance')<It> {}

/** What processes ask. */
export class BuildDisk extends command('BuildDisk')<It & { placement: Placement }> {}
export class BootInstance extends command('BootInstance')<It> {}
export class RemoveGuest extends command('RemoveGuest')<It> {}
export class FailInstance extends command('FailInstance')<It & { reason: string }> {}
export class FinishDeletion extends command('FinishDeletion')<It> {}
/** The operation at work has ended without success: the wish follows what was last seen. */
export class AbandonTask extends command('AbandonTask')<It & { reason: string }> {}

/** What a host reports. */
export class ReportInstance extends command('ReportInstance')<{
  instanceId: string;
  hostId: string;
  sight: InstanceSight;
}> {}

export type InstanceCommand =
  | CreateInstance
  | StartInstance
  | StopInstance
  | RebootInstance
  | PauseInstance
  | ResumeInstance
  | DeleteInstance
  | BuildDisk
  | BootInstance
  | RemoveGuest
  | FailInstance
  | FinishDeletion
  | AbandonTask
  | ReportInstance;

// ── Events: what happened ────────────────────────────────────────

export type Spec = Readonly<{
  image: string;
  recipe: string;
  vcpus: number;
  memoryMiB: number;
  diskGiB: number;
  networkId: string;
  sshKeys: readonly string[];
  labels: Readonly<Record<string, string>>;
}>;
export type Lease = Readonly<{ networkId: string; mac: string; ip: string; name: string }>;
export type Placement = Readonly<{ hostId: string; lease: Lease; digest: string }>;

type PowerWish = It & { revision: number; forceAt: string | null };

export type InstanceEvent =
  | Event<'InstanceRequested', It & { tenantId: string; name: string; spec: Spec; at: string }>
  | Event<'InstanceDiskRequested', It & { placement: Placement }>
  | Event<'InstanceDiskBuilt', It>
  | Event<'InstanceStartRequested', PowerWish>
  | Event<'InstanceStopRequested', PowerWish>
  | Event<'InstanceRebootRequested', PowerWish>
  | Event<'InstancePauseRequested', PowerWish>
  | Event<'InstanceResumeRequested', PowerWish>
  | Event<'InstanceObserved', Omit<InstanceSight, 'instanceId'> & { instanceId: string; hostId: string }>
  | Event<'InstancePowerReached', It & { power: Power }>
  | Event<'InstanceTaskFailed', It & { code: string; reason: string }>
  | Event<'InstanceDrifted', { instanceId: string; power: Power | 'absent'; reason: string }>
  | Event<'InstanceDeletionRequested', It & { networkId: string }>
  | Event<'InstanceRemovalRequested', It>
  | Event<'InstanceGuestRemoved', It>
  | Event<'InstanceFailed', It & { reason: string }>
  | Event<'InstanceTaskAbandoned', It & { reason: string }>
  | Event<'InstanceDeleted', It>;

// ── State: what is wished, and what was last seen ────────────────

export type Wish = Readonly<{
  presence: 'present' | 'absent';
  power: Power;
  revision: number;
  restart: boolean;
  forceAt: string | null;
}>;
export type Sight = Readonly<Pick<InstanceSight, 'generation' | 'disk' | 'power' | 'applied' | 'guestAgent'>>;
export type Task = Readonly<{ kind: InstanceTask; operationId: string }>;

export type ExistingInstance = Readonly<{
  phase: 'building' | 'ready' | 'failed' | 'deleting';
  tenantId: string;
  name: string;
  spec: Spec;
  /** Where the guest is or shall be; nothing while it is being scheduled and after it was removed. */
  placement: Placement | null;
  wish: Wish;
  sight: Sight;
  /** The root disk was there once: it may hold data, and is never made anew. */
  built: boolean;
  task: Task | null;
  reason: string | null;
  createdAt: string;
}>;
export type Instance = Readonly<{ phase: 'absent' }> | Readonly<{ phase: 'deleted' }> | ExistingInstance;

const nothingSeen: Sight = { generation: 0, disk: 'absent', power: 'absent', applied: 0, guestAgent: false };

/** Status is computed from the wish and the sight; it is stored nowhere. */
export const statusOf = (it: Instance): InstanceStatus | 'absent' => {
  if (it.phase === 'absent' || it.phase === 'deleted') return it.phase;
  if (it.phase === 'building') return 'provisioning';
  if (it.phase === 'failed' || (it.phase === 'deleting' && !it.task)) return 'error';
  if (it.sight.disk === 'absent') return 'error';
  const statuses = { on: 'running', off: 'stopped', paused: 'paused', absent: 'error', unknown: 'unknown' } as const;
  return statuses[it.sight.power];
};

// ── Rules ────────────────────────────────────────────────────────

const refusal = (verb: InstanceVerb, it: Instance): Rejection | undefined => {
  const status = statusOf(it);
  if (status === 'absent' || status === 'deleted' || !exists(it))
    return reject('instance.not-found', 'there is no such instance');
  if (it.task)
    return reject(
      'instance.busy',
      `the instance is ${it.task.kind}; wait for the operation ${it.task.operationId} or cancel it`,
      {
        operationId: it.task.operationId,
        allowed: [],
      },
    );
  const allowed = allowedVerbs(status);
  if (allowed.includes(verb)) return undefined;
  const instead = allowed.length > 0 ? `it can ${allowed.join(', ')}` : 'nothing can be asked of it now';
  return reject('instance.wrong-state', `an instance that is ${status} cannot ${verb}; ${instead}`, {
    status,
    allowed,
  });
};

export const exists = (it: Instance): it is ExistingInstance => it.phase !== 'absent' && it.phase !== 'deleted';

/** Nobody is at work on it and it is where the verb would lead. */
const alreadySo = (verb: InstanceVerb, it: Instance) =>
  exists(it) && !it.task && verb !== 'reboot' && statusOf(it) === instanceCan[verb].to;

const requested = {
  start: 'InstanceStartRequested',
  stop: 'InstanceStopRequested',
  reboot: 'InstanceRebootRequested',
  pause: 'InstancePauseRequested',
  resume: 'InstanceResumeRequested',
} as const;

const decide = (command: InstanceCommand, it: Instance): Decision<InstanceEvent> => {
  const { instanceId } = command.data;
  const { at, tenantId } = command.meta;

  const power = (
    verb: keyof typeof requested,
    operationId: string,
    graceSeconds: number | null,
  ): Decision<InstanceEvent> => {
    if (exists(it) && it.task?.operationId === operationId) return [];
    if (alreadySo(verb, it)) return [];
    const refused = refusal(verb, it);
    if (refused || !exists(it)) return refused ?? [];
    const forceAt = graceSeconds === null ? null : new Date(Date.parse(at) + graceSeconds * 1000).toISOString();
    return [{ type: requested[verb], data: { instanceId, operationId, revision: it.wish.revision + 1, forceAt } }];
  };

  switch (command.type) {
    case 'CreateInstance': {
      const { operationId, name, spec } = command.data;
      if (it.phase === 'absent')
        return [{ type: 'InstanceRequested', data: { instanceId, operationId, tenantId, name, spec, at } }];
      const same =
        exists(it) && it.tenantId === tenantId && it.name === name && JSON.stringify(it.spec) === JSON.stringify(spec);
      return same ? [] : reject('instance.exists', `the id ${instanceId} belongs to another instance already`);
    }
    case 'StartInstance':
      return power('start', command.data.operationId, null);
    case 'StopInstance':
      return power('stop', command.data.operationId, command.data.graceSeconds);
    case 'RebootInstance':
      return power('reboot', command.data.operationId, command.data.graceSeconds);
    case 'PauseInstance':
      return power('pause', command.data.operationId, null);
    case 'ResumeInstance':
      return power('resume', command.data.operationId, null);
    case 'DeleteInstance': {
      const { operationId } = command.data;
      if (exists(it) && it.task?.operationId === operationId) return [];
      const refused = refusal('delete', it);
      if (refused || !exists(it)) return refused ?? [];
      return [{ type: 'InstanceDeletionRequested', data: { instanceId, operationId, networkId: it.spec.networkId } }];
    }
    case 'BuildDisk': {
      const { operationId, placement } = command.data;
      if (it.phase !== 'building')
        return reject('instance.wrong-state', 'only an instance that is being built gets a disk');
      return it.placement ? [] : [{ type: 'InstanceDiskRequested', data: { instanceId, operationId, placement } }];
    }
    case 'BootInstance': {
      const { operationId } = command.data;
      if (it.phase !== 'building')
        return reject('instance.wrong-state', 'only an instance that is being built is booted');
      if (it.wish.revision > 0) return [];
      return [{ type: 'InstanceStartRequested', data: { instanceId, operationId, revision: 1, forceAt: null } }];
    }
    case 'RemoveGuest': {
      const { operationId } = command.data;
      if (!exists(it)) return reject('instance.not-found', 'there is no such instance');
      if (!it.placement) return [{ type: 'InstanceGuestRemoved', data: { instanceId, operationId } }];
      if (it.wish.presence === 'absent' && it.task?.operationId === operationId) return [];
      return [{ type: 'InstanceRemovalRequested', data: { instanceId, operationId } }];
    }
    case 'FailInstance': {
      const { operationId, reason } = command.data;
      return it.phase === 'building' ? [{ type: 'InstanceFailed', data: { instanceId, operationId, reason } }] : [];
    }
    case 'AbandonTask': {
      const { operationId, reason } = command.data;
      if (!exists(it) || it.task?.operationId !== operationId) return [];
      return [{ type: 'InstanceTaskAbandoned', data: { instanceId, operationId, reason } }];
    }
    case 'FinishDeletion':
      return exists(it)
        ? [{ type: 'InstanceDeleted', data: { instanceId, operationId: command.data.operationId } }]
        : [];
    case 'ReportInstance':
      return decideSight(command.data.hostId, command.data.sight, it);
    default:
      return unreachable(command);
  }
};

const wishes = {
  InstanceStartRequested: { power: 'on', restart: false, kind: 'starting' },
  InstanceStopRequested: { power: 'off', restart: false, kind: 'stopping' },
  InstanceRebootRequested: { power: 'on', restart: true, kind: 'rebooting' },
  InstancePauseRequested: { power: 'paused', restart: false, kind: 'pausing' },
  InstanceResumeRequested: { power: 'on', restart: false, kind: 'resuming' },
} as const;

const evolve = (it: Instance, event: InstanceEvent): Instance => {
  if (event.type === 'InstanceRequested') {
    const { tenantId, name, spec, operationId, at: createdAt } = event.data;
    const wish: Wish = { presence: 'present', power: 'off', revision: 0, restart: false, forceAt: null };
    const task: Task = { kind: 'scheduling', operationId };
    return {
      phase: 'building',
      tenantId,
      name,
      spec,
      placement: null,
      wish,
      sight: nothingSeen,
      built: false,
      task,
      reason: null,
      createdAt,
    };
  }
  if (!exists(it)) return it;
  switch (event.type) {
    case 'InstanceDiskRequested':
      return {
        ...it,
        placement: event.data.placement,
        task: { kind: 'building-disk', operationId: event.data.operationId },
      };
    case 'InstanceDiskBuilt':
      return { ...it, built: true };
    case 'InstanceStartRequested':
    case 'InstanceStopRequested':
    case 'InstanceRebootRequested':
    case 'InstancePauseRequested':
    case 'InstanceResumeRequested': {
      const { revision, forceAt, operationId } = event.data;
      const { power, restart, kind } = wishes[event.type];
      return { ...it, wish: { ...it.wish, power, restart, revision, forceAt }, task: { kind, operationId } };
    }
    case 'InstanceObserved': {
      const { generation, disk, power, applied, guestAgent, reason, problem } = event.data;
      return {
        ...it,
        sight: { generation, disk, power, applied, guestAgent },
        reason: problem?.message ?? reason ?? (it.phase === 'failed' ? it.reason : null),
      };
    }
    case 'InstancePowerReached':
      return { ...it, phase: it.phase === 'building' ? 'ready' : it.phase, task: null, reason: null };
    case 'InstanceTaskFailed':
      return { ...followingSight(it), task: it.phase === 'building' ? it.task : null, reason: event.data.reason };
    case 'InstanceDrifted':
      return { ...followingSight(it), reason: event.data.reason };
    case 'InstanceTaskAbandoned':
      return { ...followingSight(it), task: null, reason: event.data.reason };
    case 'InstanceDeletionRequested':
      return { ...it, phase: 'deleting', task: { kind: 'deleting', operationId: event.data.operationId } };
    case 'InstanceRemovalRequested':
      return {
        ...it,
        wish: { ...it.wish, presence: 'absent' },
        task: { kind: 'deleting', operationId: event.data.operationId },
      };
    case 'InstanceGuestRemoved':
      return { ...it, placement: null };
    case 'InstanceFailed':
      return { ...it, phase: 'failed', task: null, reason: event.data.reason };
    case 'InstanceDeleted':
      return { phase: 'deleted' };
    default:
      return unreachable(event);
  }
};

/** Nobody is to start again what has stopped, or stop what was started, behind its owner's back. */
const followingSight = (it: ExistingInstance): ExistingInstance => {
  const { power } = it.sight;
  return power === 'absent' || power === 'unknown' ? it : { ...it, wish: { ...it.wish, power } };
};

export const instance: Decider<InstanceCommand, InstanceEvent, Instance> = {
  name: 'instance',
  initialState: { phase: 'absent' },
  decide,
  evolve,
};
