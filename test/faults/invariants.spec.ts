import type { InstanceView, Operation } from '@strata/contracts';
import type { Recorded } from '@strata/event-store';
import type { Answer } from '../load/asker.js';
import type { Evidence } from './evidence.js';
import { brokenIn } from './invariants.js';

/*
 * Whoever watches the product is watched here: from evidence in which all is well, one thing is changed at a time, and INV must
 * say so in a sentence about that very thing.
 */

const size = { vcpus: 1, memoryMiB: 512, diskGiB: 4 };

const event = (position: number, stream: string, version: number, type: string, data: object): Recorded => ({
  id: `event-${position}`,
  stream,
  version,
  lane: 0,
  position,
  at: '2026-01-01T00:00:00.000Z',
  recordedAt: '2026-01-01T00:00:00.000Z',
  type,
  schemaVersion: 1,
  data,
  meta: {
    tenantId: 'ten_a',
    actor: 'user_a',
    correlationId: 'req_a',
    causationId: 'req_a',
    commandId: `command-${position}`,
  },
});

const operation = (id: string): Operation => ({
  id,
  name: 'provision-instance',
  status: 'succeeded',
  task: null,
  statusReason: null,
  code: null,
  createdAt: '2026-01-01T00:00:00.000Z',
  endedAt: '2026-01-01T00:00:01.000Z',
  dueAt: null,
  cancellable: false,
  resource: { type: 'instance', id: 'inst_1' },
  steps: [],
  labels: {},
});

const answer: Answer = { status: 202, text: JSON.stringify(operation('op_1')), headers: {} };
const host = { ...size, vcpus: 1, memoryMiB: 2048, diskGiB: 8 };
const overcommit = { vcpus: 1, memory: 1, reservedMemoryMiB: 1024 };

const events: readonly Recorded[] = [
  event(1, 'ten_platform/fleet-main', 1, 'HostConnected', { hostId: 'host_1', host, overcommit }),
  event(2, 'ten_a/instance-inst_1', 1, 'InstanceRequested', { instanceId: 'inst_1', operationId: 'op_1' }),
  event(3, 'ten_a/operation-op_1', 1, 'ProcessStarted', { operationId: 'op_1' }),
  event(4, 'ten_platform/fleet-main', 2, 'InstancePlaced', { instanceId: 'inst_1', hostId: 'host_1', size }),
  event(5, 'ten_a/operation-op_1', 2, 'ProcessEnded', { operationId: 'op_1' }),
];

// Of an instance only what INV looks at.
const instance = {
  id: 'inst_1',
  status: 'running',
  task: null,
  hostId: 'host_1',
  address: '10.0.0.1',
  ...size,
} as InstanceView;

const well: Evidence = {
  acknowledged: [{ ask: { method: 'POST', path: '/v1/instances', key: 'one' }, answer, at: 0 }],
  replays: new Map([['one', answer]]),
  instances: [instance],
  operations: [operation('op_1')],
  quota: { tenantId: 'ten_a', limits: { ...size, instances: 9 }, used: { ...size, instances: 1 } },
  events,
  rebuilds: { instance: { view: 'instance', rows: 1, before: 'a', after: 'a' } },
  existing: { guests: ['inst_1'], disks: ['inst_1'], leases: ['10.0.0.1'] },
};

const without = (position: number) => events.filter((it) => it.position !== position);
const also = (...more: readonly Recorded[]) => [...events, ...more];

const damages: readonly (readonly [string, Partial<Evidence>, RegExp])[] = [
  ['an event is gone', { events: without(3) }, /position 4 stands where 3 belongs/],
  [
    'a version is there twice',
    { events: also(event(6, 'ten_a/operation-op_1', 2, 'StepStarted', {})) },
    /has version 2 where 3 belongs/,
  ],
  [
    'an instance is made twice for one request',
    {
      events: also(
        event(6, 'ten_a/instance-inst_2', 1, 'InstanceRequested', { instanceId: 'inst_2', operationId: 'op_1' }),
      ),
    },
    /InstanceRequested by op_1 is there 2 times/,
  ],
  [
    'an operation ends twice',
    { events: also(event(6, 'ten_a/operation-op_1', 3, 'ProcessEnded', { operationId: 'op_1' })) },
    /the end of ten_a\/operation-op_1 is there 2 times/,
  ],
  ['what was accepted is gone', { operations: [] }, /operation op_1 of one was accepted and is gone/],
  ['something is made that nobody was told of', { acknowledged: [] }, /nobody was told of the operation op_1/],
  ['an instance is missing in the list', { instances: [] }, /inst_1 is live by the log and missing in the list/],
  [
    'a host gives away more than it has',
    {
      events: also(
        event(6, 'ten_platform/fleet-main', 3, 'InstancePlaced', { instanceId: 'x', hostId: 'host_1', size }),
      ),
    },
    /host_1 has given away 2 of 1 vcpus at 6/,
  ],
  [
    'the quota is wrong',
    { quota: { ...well.quota, used: { ...size, instances: 2 } } },
    /says that 2 instances are used, and 1 are/,
  ],
  [
    'a view is wrong',
    { rebuilds: { instance: { view: 'instance', rows: 1, before: 'a', after: 'b' } } },
    /rows of the view instance were not what the log says/,
  ],
  [
    'a key is answered otherwise',
    { replays: new Map([['one', { ...answer, status: 404 }]]) },
    /one was answered 202 .* and then 404/,
  ],
  ['an operation never ends', { operations: [{ ...operation('op_1'), status: 'running' }] }, /op_1 is running/],
  [
    'an instance waits for nobody',
    { instances: [{ ...instance, task: 'starting' }] },
    /inst_1 is starting, and nobody is at work/,
  ],
  [
    'a guest is left behind',
    { existing: { ...well.existing, guests: ['inst_1', 'inst_9'] } },
    /a guest inst_9 that nobody wishes/,
  ],
  ['a disk is lost', { existing: { ...well.existing, disks: [] } }, /there is no disk inst_1/],
];

describe('INV', () => {
  it('has nothing to say where all is well', () => expect(brokenIn(well)).toEqual([]));

  for (const [what, damage, sentence] of damages) {
    it(`says so when ${what}`, () => expect(brokenIn({ ...well, ...damage }).join('\n')).toMatch(sentence));
  }
});
