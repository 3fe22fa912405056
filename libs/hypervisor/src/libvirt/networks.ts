import { readFile, rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { LibvirtError, isAlreadyExists, isOperationInvalid } from '@strata/libvirt';
import type { NetworkRef } from '@strata/libvirt';
import { freeRanges, isGuestAddress, overlap, rangeOf } from '../cidr.js';
import type { Range } from '../cidr.js';
import { HypervisorError } from '../hypervisor.js';
import type { Lease, NetworkSpec } from '../hypervisor.js';
import { refused } from '../refusal.js';
import { AttachableNetworks } from './attachment.js';
import type { Attachment } from './attachment.js';
import type { Daemon } from './daemon.js';
import { answered, unlessGone } from './daemon.js';
import { unlessMissing } from './files.js';
import { sendRelease } from './dhcp-release.js';
import { networkRanges, networkRangesIn, usedRanges } from './host-ranges.js';
import { LeaseFolder } from './lease-folder.js';
import { cardXml, networkXml } from './network-xml.js';
import { elementsOf } from './xml.js';

/** libvirt's NAT networks: a bridge, the rules around it, and one dnsmasq each, which libvirt starts again by itself. */
export class LibvirtNetworks extends AttachableNetworks {
  constructor(private readonly daemon: Daemon) {
    super();
  }

  ensure(network: NetworkSpec): Promise<void> {
    return answered(async () => {
      const range = rangeOf(network.cidr);
      const known = await this.daemon.findNetwork(network.networkId);
      if (known) {
        const [present] = networkRangesIn(await this.#document(known));
        if (!present || present.first !== range.first || present.last !== range.last) {
          throw refused(`network ${network.networkId} has another range already`);
        }
        return this.#switchOn(known);
      }
      const taken = (await usedRanges(this.daemon.libvirt)).some((used) => overlap(used, range));
      if (taken) throw refused(`this host uses ${network.cidr}, or a part of it, already`);
      await this.#create(network, range);
    });
  }

  remove(networkId: string): Promise<void> {
    return answered(async () => {
      const net = await this.daemon.findNetwork(networkId);
      if (!net) return;
      const user = await this.daemon.runningGuest((definition) => networkIn(definition) === net.name);
      if (user !== undefined) throw refused(`instance ${user} runs on network ${networkId}`);
      await this.#drop(net);
    });
  }

  list(): Promise<readonly string[]> {
    return answered(async () => (await this.daemon.networks()).map(({ networkId }) => networkId));
  }

  reserve(lease: Lease): Promise<void> {
    return answered(async () => {
      const net = await this.daemon.findNetwork(lease.networkId);
      if (!net) throw refused(`there is no network ${lease.networkId}`);
      const document = await this.#document(net);
      const [range] = networkRangesIn(document);
      if (!range || !isGuestAddress(range, lease.ip)) throw refused(`${lease.ip} is no address of the network`);
      const folder = this.#leasesOf(lease.networkId);
      const hosts = await folder.list();
      const holder = hosts.find(({ ip, mac }) => ip === lease.ip || mac === lease.mac);
      if (holder && holder.ip === lease.ip && holder.mac === lease.mac) return;
      if (holder) throw refused(`${holder.ip} is reserved for ${holder.mac}, not ${lease.ip} for ${lease.mac}`);
      // Addresses matter more: a name that another guest of the network has already is left to it.
      const name = hosts.some((host) => host.name === lease.name) ? '' : lease.name;
      await folder.put({ ...lease, name });
    });
  }

  release(lease: Lease): Promise<void> {
    return answered(async () => {
      const net = await this.daemon.findNetwork(lease.networkId);
      if (!net) return;
      const [range] = networkRangesIn(await this.#document(net));
      if (range) await this.#forget(net, range, lease);
      const folder = this.#leasesOf(lease.networkId);
      const host = (await folder.list()).find(({ ip, mac }) => ip === lease.ip && mac === lease.mac);
      if (!host) return;
      // What is seen goes last: who is killed in between leaves a reservation, and the next one releases it again.
      await folder.remove(host.ip);
      await readAgain(net.name);
    });
  }

  leases(networkId: string): Promise<readonly Lease[]> {
    return answered(async () => {
      const net = await this.daemon.findNetwork(networkId);
      return net ? (await this.#leasesOf(networkId).list()).map((host) => ({ networkId, ...host })) : [];
    });
  }

  /** Homes begin to look at places of their own, so that two that look at the same moment do not find the same range. */
  freeRange(): Promise<string> {
    return answered(async () => {
      const seed = parseInt(this.daemon.home.id.slice(0, 4), 16);
      const [range] = freeRanges(await usedRanges(this.daemon.libvirt), seed);
      if (range === undefined) throw refused('no range of prefix length 24 is free on this host');
      return range;
    });
  }

  attachmentOf({ networkId, mac }: Lease): Promise<Attachment> {
    return answered(async () => {
      const net = await this.daemon.findNetwork(networkId);
      if (!net) throw refused(`there is no network ${networkId}`);
      return { devices: [cardXml(net.name, mac)], qemuArguments: [] };
    });
  }

  /** libvirt itself starts no guest without its network. */
  assertThere(): Promise<void> {
    return Promise.resolve();
  }

  async #create(network: NetworkSpec, range: Range): Promise<void> {
    const { home, libvirt } = this.daemon;
    await this.#leasesOf(network.networkId).make();
    const net = await libvirt.call('networkDefineXml', { xml: networkXml(home, network) });
    // Another home may have looked when we did. Now that both are defined both can see it, and whoever does steps back.
    const others = await networkRanges(libvirt, net.name);
    const conflict = others.some((other) => overlap(other, range));
    try {
      if (conflict) throw refused(`another cloud on this host took ${network.cidr} at the same moment`);
      await libvirt.call('networkSetAutostart', { net, autostart: true });
      await this.#switchOn(net);
    } catch (error) {
      if (isRefusal(error)) await this.#drop(net);
      throw error;
    }
  }

  async #switchOn(net: NetworkRef): Promise<void> {
    const { libvirt } = this.daemon;
    if (await libvirt.call('networkIsActive', { net })) return;
    try {
      await libvirt.call('networkCreate', { net });
    } catch (error) {
      if (!isOperationInvalid(error) && !isAlreadyExists(error)) throw error;
      if (!(await libvirt.call('networkIsActive', { net }))) throw error;
    }
  }

  async #drop(net: NetworkRef): Promise<void> {
    const { libvirt } = this.daemon;
    await unlessGone(unlessInactive(libvirt.call('networkDestroy', { net })));
    await unlessGone(libvirt.call('networkUndefine', { net }));
    // dnsmasq ends as nobody, who may not remove what root made for it, and libvirt does not look again.
    for (const left of [net.name, `${net.name}.pid`])
      await rm(`/run/libvirt/network/${left}`, { recursive: true, force: true });
    const networkId = this.daemon.home.idOf(net.name);
    if (networkId !== undefined) await this.#leasesOf(networkId).removeAll();
  }

  #document(net: NetworkRef): Promise<string> {
    return this.daemon.libvirt.call('networkGetXmlDesc', { net, flags: 0 });
  }

  #leasesOf(networkId: string): LeaseFolder {
    return new LeaseFolder(this.daemon.home.leasesOf(networkId));
  }

  /** dnsmasq keeps a lease for an hour after its guest is gone, and would refuse the address to the next one. */
  async #forget(net: NetworkRef, range: Range, { mac, ip }: Lease): Promise<void> {
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const leases =
        (await unlessInactive(this.daemon.libvirt.call('networkGetDhcpLeases', { net, mac, flags: 0 }))) ?? [];
      if (!leases.some(({ address }) => address === ip)) return;
      await sendRelease(range, mac, ip);
      await pause(50);
    }
    throw new HypervisorError('retryable', `the DHCP server does not forget that ${ip} was leased to ${mac}`);
  }
}

const networkIn = (definition: string): string | undefined =>
  elementsOf(definition, 'source')
    .map((source) => source.get('network'))
    .find((name) => name !== undefined);

/** dnsmasq sees by itself what is new, and what is gone only when it reads everything again. */
const readAgain = async (networkName: string): Promise<void> => {
  const pid = Number(await unlessMissing(readFile(`/run/libvirt/network/${networkName}.pid`, 'utf8')));
  const command = pid > 1 ? await unlessMissing(readFile(`/proc/${pid}/cmdline`, 'utf8')) : undefined;
  if (command?.includes(`${networkName}.conf`)) process.kill(pid, 'SIGHUP');
};

/** Nothing happened, as opposed to calls of which nobody knows. */
const isRefusal = (error: unknown): boolean =>
  error instanceof HypervisorError || (error instanceof LibvirtError && error.kind === 'refused');

/** A network that is switched off has nothing to destroy and no leases to show. */
const unlessInactive = async <Result>(work: Promise<Result>): Promise<Result | undefined> => {
  try {
    return await work;
  } catch (error) {
    if (isOperationInvalid(error)) return undefined;
    throw error;
  }
};
