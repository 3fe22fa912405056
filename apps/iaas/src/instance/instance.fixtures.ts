import type { InstanceSight } from '@strata/contracts';
import type { Meta } from '@strata/event-sourcing';
import type { InstanceEvent } from './instance.js';
import type { Placement, Spec } from './instance-state.js';

/** Example events, named. One instance, `inst_1`, made by the operation `op_create` on the host `host_1`. */

export const meta: Meta = {
  commandId: '01900000-0000-7000-8000-000000000001',
  at: '2026-01-01T00:00:00.000Z',
  tenantId: 'ten_1',
  actor: 'user_1',
  correlationId: 'req_1',
  causationId: 'req_1',
};

export const spec: Spec = {
  image: 'tiny',
  recipe: 'tiny',
  vcpus: 1,
  memoryMiB: 512,
  diskGiB: 4,
  networkId: 'net_1',
  sshKeys: [],
  labels: {},
};

export const it1 = { instanceId: 'inst_1', operationId: 'op_create' };
export const placement: Placement = {
  hostId: 'host_1',
  lease: { networkId: 'net_1', mac: '52:54:0a:00:00:0b', ip: '10.0.0.11', name: 'web' },
  digest: 'abc',
};

export const requested: InstanceEvent = {
  type: 'InstanceRequested',
  data: { ...it1, tenantId: 'ten_1', name: 'web', spec, at: meta.at },
};
export const diskRequested: InstanceEvent = { type: 'InstanceDiskRequested', data: { ...it1, placement } };
export const bootRequested: InstanceEvent = {
  type: 'InstanceBootRequested',
  data: it1,
};
export const reached = (power: 'on' | 'off' | 'paused', operationId = 'op_create'): InstanceEvent => ({
  type: 'InstancePowerReached',
  data: { instanceId: 'inst_1', operationId, power },
});

export const sight = (
  power: InstanceSight['power'],
  generation: number,
  more: Partial<InstanceSight> = {},
): InstanceSight => ({
  instanceId: 'inst_1',
  generation,
  disk: 'present',
  power,
  applied: 1,
  guestAgent: false,
  reason: null,
  problem: null,
  calls: [],
  ...more,
});

export const observed = (
  power: InstanceSight['power'],
  generation: number,
  more: Partial<InstanceSight> = {},
): InstanceEvent => ({
  type: 'InstanceObserved',
  data: { ...sight(power, generation, more), hostId: 'host_1' },
});

/** The whole history of an instance that runs, and of one that was stopped. */
export const running = [
  requested,
  diskRequested,
  observed('absent', 1, { applied: 0 }),
  bootRequested,
  observed('on', 2),
  reached('on'),
];
export const stopRequested: InstanceEvent = {
  type: 'InstanceStopRequested',
  data: { instanceId: 'inst_1', operationId: 'op_stop', revision: 2, forceAt: '2026-01-01T00:00:30.000Z' },
};
export const stopped = [...running, stopRequested, observed('off', 3, { applied: 2 }), reached('off', 'op_stop')];
