import { allowedVerbs } from '@strata/contracts';
import type { InstanceSight, InstanceStatus, InstanceTask, InstanceVerb, Power } from '@strata/contracts';
import { reject } from '@strata/event-sourcing';
import type { Rejection } from '@strata/event-sourcing';

/** What is wished: carried out by the host, revision by revision. */
export type Wish = Readonly<{
  presence: 'present' | 'absent';
  power: Power;
  revision: number;
  restart: boolean;
  forceAt: string | null;
}>;
/** What was last seen. */
export type Sight = Readonly<Pick<InstanceSight, 'generation' | 'disk' | 'power' | 'applied' | 'guestAgent'>>;

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
  /** The operation that is at work on it. */
  task: Readonly<{ kind: InstanceTask; operationId: string }> | null;
  /** It is deleted and kept until then; `power` is what it goes back to when that is taken back. */
  kept: Readonly<{ until: string; power: Power }> | null;
  reason: string | null;
  createdAt: string;
}>;
export type Instance = Readonly<{ phase: 'absent' }> | Readonly<{ phase: 'deleted' }> | ExistingInstance;

export const exists = (it: Instance): it is ExistingInstance => it.phase !== 'absent' && it.phase !== 'deleted';

/** Status is computed from the wish and the sight; it is stored nowhere. */
export const statusOf = (it: Instance): InstanceStatus | 'absent' => {
  if (!exists(it)) return it.phase;
  if (it.phase === 'building') return 'provisioning';
  if (it.kept && it.phase === 'ready') return 'deleted';
  if (it.phase === 'failed' || (it.phase === 'deleting' && !it.task) || it.sight.disk === 'absent') return 'error';
  return ({ on: 'running', off: 'stopped', paused: 'paused', absent: 'error', unknown: 'unknown' } as const)[
    it.sight.power
  ];
};

/** Why a verb cannot be asked now, with the verbs that can. */
export const refusal = (verb: InstanceVerb, it: Instance): Rejection | undefined => {
  const status = statusOf(it);
  if (status === 'absent' || !exists(it)) return reject('instance.not-found', 'there is no such instance');
  if (it.task) {
    const { kind, operationId } = it.task;
    const instead = `wait for the operation ${operationId} or cancel it`;
    return reject('instance.busy', `the instance is ${kind}; ${instead}`, { operationId, allowed: [] });
  }
  const allowed = allowedVerbs(status);
  if (allowed.includes(verb)) return undefined;
  const instead = allowed.length > 0 ? `it can ${allowed.join(', ')}` : 'nothing can be asked of it now';
  return reject('instance.wrong-state', `an instance that is ${status} cannot ${verb}; ${instead}`, {
    status,
    allowed,
  });
};

/** Nobody is to start again what has stopped, or stop what was started, behind its owner's back. */
export const followingSight = (it: ExistingInstance): ExistingInstance => {
  const { power } = it.sight;
  return power === 'absent' || power === 'unknown' ? it : { ...it, wish: { ...it.wish, power } };
};
