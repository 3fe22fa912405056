import { freeRanges, isGuestAddress, overlap, rangeOf } from '../cidr.js';
import { Networks } from '../hypervisor.js';
import type { Lease, NetworkSpec } from '../hypervisor.js';
import { refused } from '../refusal.js';
import type { SimulatedHost } from './simulated-host.js';
import type { Call } from './simulated-hypervisor.js';
import { leaseKey } from './world.js';

export class SimulatedNetworks extends Networks {
  constructor(
    private readonly host: SimulatedHost,
    private readonly call: Call,
  ) {
    super();
  }

  ensure(network: NetworkSpec): Promise<void> {
    return this.call('networks.ensure', network.networkId, () => {
      const { networks } = this.host.world;
      const known = networks.get(network.networkId);
      if (known?.cidr === network.cidr) return;
      if (known) throw refused(`network ${network.networkId} has the range ${known.cidr} already`);
      const range = rangeOf(network.cidr);
      const other = networks.find(({ cidr }) => overlap(rangeOf(cidr), range));
      if (other) throw refused(`the range ${network.cidr} overlaps ${other.cidr} of network ${other.networkId}`);
      networks.set(network.networkId, network);
    });
  }

  remove(networkId: string): Promise<void> {
    return this.call('networks.remove', networkId, () => {
      const { guests, leases, networks } = this.host.world;
      const user = guests.find(({ spec, power }) => power !== 'off' && spec.lease.networkId === networkId);
      if (user) throw refused(`instance ${user.spec.instanceId} runs on network ${networkId}`);
      for (const lease of leases.rows()) if (lease.networkId === networkId) leases.delete(leaseKey(lease));
      networks.delete(networkId);
    });
  }

  list(): Promise<readonly string[]> {
    return this.call('networks.list', undefined, () => this.host.world.networks.keys());
  }

  reserve(lease: Lease): Promise<void> {
    return this.call('networks.reserve', lease.networkId, () => {
      const { leases, networks } = this.host.world;
      const network = networks.get(lease.networkId);
      if (!network) throw refused(`there is no network ${lease.networkId}`);
      if (!isGuestAddress(rangeOf(network.cidr), lease.ip))
        throw refused(`${lease.ip} is no address of ${network.cidr}`);
      const { networkId, mac, ip } = lease;
      const holder = leases.find((it) => it.networkId === networkId && (it.ip === ip || it.mac === mac));
      if (holder && holder.ip === ip && holder.mac === mac) return;
      if (holder) throw refused(`${holder.ip} is reserved for ${holder.mac}, not ${ip} for ${mac}`);
      leases.set(leaseKey(lease), lease);
    });
  }

  release(lease: Lease): Promise<void> {
    return this.call('networks.release', lease.networkId, () => {
      const { leases } = this.host.world;
      if (leases.get(leaseKey(lease))?.mac === lease.mac) leases.delete(leaseKey(lease));
    });
  }

  leases(networkId: string): Promise<readonly Lease[]> {
    return this.call('networks.leases', networkId, () =>
      this.host.world.leases.rows().filter((lease) => lease.networkId === networkId),
    );
  }

  freeRange(): Promise<string> {
    return this.call('networks.freeRange', undefined, () => {
      const used = this.host.world.networks.rows().map(({ cidr }) => rangeOf(cidr));
      const [range] = freeRanges(used, 0x6400);
      if (range === undefined) throw refused('no range of prefix length 24 is free');
      return range;
    });
  }
}
