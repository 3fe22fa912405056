import { sentences } from '@strata/testing/event-sourcing';
import { meta } from '../instance/instance.fixtures.js';
import { AllocateAddress, CreateNetwork, ReleaseAddress, network, rangeOf } from './network.js';
import type { NetworkEvent } from './network.js';

const { given } = sentences(network);
const created = (cidr = '10.0.0.0/24'): NetworkEvent => ({
  type: 'NetworkCreated',
  data: { networkId: 'net_1', tenantId: 'ten_1', name: 'default', type: 'nat', cidr, at: meta.at },
});
const allocate = (instanceId: string) =>
  new AllocateAddress({ networkId: 'net_1', instanceId, operationId: 'op_1', name: 'web' }, meta);
const release = (instanceId: string) =>
  new ReleaseAddress({ networkId: 'net_1', instanceId, operationId: 'op_1' }, meta);
const data = (instanceId: string, ip: string, mac: string) => ({
  instanceId,
  operationId: 'op_1',
  lease: { networkId: 'net_1', mac, ip, name: 'web' },
});
const given1 = data('inst_1', '10.0.0.11', '52:54:0a:00:00:0b');
const first: NetworkEvent = { type: 'AddressAllocated', data: given1 };

describe('a network', () => {
  it('is created once', () =>
    given(created())
      .when(new CreateNetwork({ networkId: 'net_1', name: 'default', type: 'nat', cidr: '10.9.0.0/24' }, meta))
      .changesNothing());
  it('gives its first free address, and a MAC that follows from it', () =>
    given(created()).when(allocate('inst_1')).then(first));
  it('gives an instance one address', () => given(created(), first).when(allocate('inst_1')).changesNothing());
  it('lets an address rest after it was given back', () =>
    given(created(), first, { type: 'AddressReleased', data: given1 })
      .when(allocate('inst_2'))
      .then({ type: 'AddressAllocated', data: data('inst_2', '10.0.0.12', '52:54:0a:00:00:0c') }));
  it('has an end', () => {
    const full = Array.from({ length: 5 }, (_, i): NetworkEvent => ({
      type: 'AddressAllocated',
      data: data(`inst_${i}`, `10.0.0.${11 + i}`, 'm'),
    }));
    expect(rangeOf('10.0.0.0/28').usable).toBe(4);
    given(created('10.0.0.0/28'), ...full.slice(0, 4))
      .when(allocate('inst_9'))
      .isRejected('network.exhausted');
  });
  it('that does not exist gives nothing', () => given().when(allocate('inst_1')).isRejected('network.not-found'));
  it('takes back what it never gave', () => given(created()).when(release('inst_1')).changesNothing());
});
