import { sentences } from '@strata/testing/event-sourcing';
import * as fc from 'fast-check';
import { meta } from '../instance/instance.fixtures.js';
import { ConnectHost, CordonHost, LoseHost, PlaceInstance, UnplaceInstance, fleet } from './fleet.js';
import type { FleetCommand, FleetEvent, Placed, Size } from './fleet.js';

const { given } = sentences(fleet);
const overcommit = { vcpus: 2, memory: 1, reservedMemoryMiB: 1024 };
const host = (hostId: string, memoryMiB = 5120) =>
  ({
    hostId,
    name: hostId,
    driver: 'simulated',
    accelerator: 'none',
    vcpus: 4,
    memoryMiB,
    diskGiB: 100,
    version: '1',
    freeRange: '10.0.0.0/24',
  }) as const; // literal members of the unions
const connected = (hostId: string, memoryMiB?: number): FleetEvent => ({
  type: 'HostConnected',
  data: { hostId, epoch: 1, host: host(hostId, memoryMiB), overcommit, at: meta.at },
});
const size: Size = { vcpus: 1, memoryMiB: 1024, diskGiB: 4 };
const place = (instanceId: string, it = size) => new PlaceInstance({ instanceId, operationId: 'op_1', size: it }, meta);
const placed = (
  instanceId: string,
  hostId: string,
  fitting = 1,
  considered = 2,
  passedOver: Placed['passedOver'] = {},
): FleetEvent => ({
  type: 'InstancePlaced',
  data: { instanceId, operationId: 'op_1', hostId, size, considered, fitting, rule: 'fullest', passedOver },
});

describe('a fleet', () => {
  it('counts the epochs of a host', () =>
    given(connected('host_1'))
      .when(new ConnectHost({ host: host('host_1'), overcommit }, meta))
      .then({
        type: 'HostConnected',
        data: { hostId: 'host_1', epoch: 2, host: host('host_1'), overcommit, at: meta.at },
      }));
  it('packs: the fullest host that has room takes the next', () =>
    given(connected('host_1', 9000), connected('host_2'))
      .when(place('inst_1'))
      .then(placed('inst_1', 'host_2', 2)));
  it('says why it passed others over', () => {
    const lost: FleetEvent = { type: 'HostLost', data: { hostId: 'host_3' } };
    const cordoned: FleetEvent = { type: 'HostCordoned', data: { hostId: 'host_4' } };
    const hosts = ['host_1', 'host_3', 'host_4'].map((it) => connected(it));
    given(...hosts, connected('host_2', 1500), connected('host_5', 1025), lost, cordoned)
      .when(place('inst_1'))
      .then(placed('inst_1', 'host_1', 1, 5, { 'not-connected': 1, cordoned: 1, memory: 2 }));
  });
  it('places an instance once', () =>
    given(connected('host_1'), placed('inst_1', 'host_1')).when(place('inst_1')).changesNothing());
  it('refuses with each host’s reason when none has room', () =>
    given(connected('host_1'))
      .when(place('inst_1', { ...size, memoryMiB: 5000 }))
      .isRejected('capacity.exhausted'));
  it('refuses when there is no host', () => given().when(place('inst_1')).isRejected('capacity.exhausted'));
  it('places nothing on a host that is cordoned', () =>
    given(connected('host_1'), { type: 'HostCordoned', data: { hostId: 'host_1' } })
      .when(place('inst_1'))
      .isRejected('capacity.exhausted'));
  it('places nothing on a host whose agent is not there, until it is again', () => {
    const lost: FleetEvent = { type: 'HostLost', data: { hostId: 'host_1' } };
    given(connected('host_1'))
      .when(new LoseHost({ hostId: 'host_1' }, meta))
      .then(lost);
    given(connected('host_1'), lost)
      .when(new LoseHost({ hostId: 'host_1' }, meta))
      .changesNothing();
    given(connected('host_1'), lost).when(place('inst_1')).isRejected('capacity.exhausted');
    given(connected('host_1'), lost, connected('host_1'))
      .when(place('inst_1'))
      .then(placed('inst_1', 'host_1', 1, 1));
  });
  it('cordons only what it knows', () =>
    given()
      .when(new CordonHost({ hostId: 'host_9' }, meta))
      .isRejected('host.not-found'));
  it('gives back once', () =>
    given(connected('host_1'))
      .when(new UnplaceInstance({ instanceId: 'inst_1', operationId: 'op_1' }, meta))
      .changesNothing());

  it('never promises more than there is, and everything given back is free again', () => {
    const requests = fc.array(
      fc.record({
        id: fc.integer({ min: 0, max: 30 }),
        gone: fc.boolean(),
        memoryMiB: fc.integer({ min: 64, max: 3000 }),
      }),
      { maxLength: 120 },
    );
    fc.assert(
      fc.property(requests, (all) => {
        let state = [connected('host_1'), connected('host_2', 9000)].reduce(
          (it, event) => fleet.evolve(it, event),
          fleet.initialState,
        );
        const run = (command: FleetCommand) => {
          const decision = fleet.decide(command, state);
          if (Array.isArray(decision))
            state = decision.reduce((it: typeof state, event: FleetEvent) => fleet.evolve(it, event), state);
        };
        for (const { id, gone, memoryMiB } of all)
          run(
            gone
              ? new UnplaceInstance({ instanceId: `inst_${id}`, operationId: 'op_1' }, meta)
              : place(`inst_${id}`, { ...size, memoryMiB }),
          );
        for (const it of state.hosts.values()) {
          expect(it.reserved.memoryMiB).toBeLessThanOrEqual(it.capacity.memoryMiB);
          expect(it.reserved.vcpus).toBeLessThanOrEqual(it.capacity.vcpus);
        }
        for (let id = 0; id <= 30; id++)
          run(new UnplaceInstance({ instanceId: `inst_${id}`, operationId: 'op_1' }, meta));
        for (const it of state.hosts.values())
          expect(it).toMatchObject({ instances: 0, reserved: { vcpus: 0, memoryMiB: 0, diskGiB: 0 } });
      }),
    );
  });
});
