import { readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { freeRanges, isGuestAddress, overlap, rangeOf } from '../cidr.js';
import type { Lease, NetworkSpec } from '../hypervisor.js';
import { refused } from '../refusal.js';
import { AttachableNetworks } from './attachment.js';
import type { Attachment } from './attachment.js';
import type { Daemon } from './daemon.js';
import { answered } from './daemon.js';
import { unlessMissing } from './files.js';
import { kernelRanges } from './host-ranges.js';
import { userNetwork, userNetworkIn } from './user-network.js';
import { elementsOf } from './xml.js';

const KeptNetwork = z.object({
  networkId: z.string(),
  cidr: z.string(),
  leases: z.array(z.object({ mac: z.string(), ip: z.string(), name: z.string() })),
});
type KeptNetwork = z.infer<typeof KeptNetwork>;

/**
 * Networks without any right on the host: what is known of them is a file of the home, and QEMU makes one for each guest.
 * Guests have the addresses that were leased to them and reach the world; nobody reaches them, nor they each other.
 */
export class SessionNetworks extends AttachableNetworks {
  /** Changes of the file come one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(private readonly daemon: Daemon) {
    super();
  }

  ensure({ networkId, cidr }: NetworkSpec): Promise<void> {
    return this.#change(async (networks) => {
      const known = networks.find((it) => it.networkId === networkId);
      if (known?.cidr === cidr) return networks;
      if (known) throw refused(`network ${networkId} has another range already`);
      const range = rangeOf(cidr);
      const taken = (await this.#usedRanges(networks)).some((used) => overlap(used, range));
      if (taken) throw refused(`this host, or this cloud, uses ${cidr}, or a part of it, already`);
      return [...networks, { networkId, cidr, leases: [] }];
    });
  }

  remove(networkId: string): Promise<void> {
    return this.#change(async (networks) => {
      if (!networks.some((it) => it.networkId === networkId)) return networks;
      const name = this.daemon.home.nameOf(networkId);
      const user = await answered(() => this.daemon.runningGuest((definition) => networkIn(definition) === name));
      if (user !== undefined) throw refused(`instance ${user} runs on network ${networkId}`);
      return networks.filter((it) => it.networkId !== networkId);
    });
  }

  async list(): Promise<readonly string[]> {
    return (await this.#read()).map(({ networkId }) => networkId);
  }

  reserve({ networkId, mac, ip, name }: Lease): Promise<void> {
    return this.#change(async (networks) => {
      const network = expected(networks, networkId);
      if (!isGuestAddress(rangeOf(network.cidr), ip)) throw refused(`${ip} is no address of ${network.cidr}`);
      const holder = network.leases.find((it) => it.ip === ip || it.mac === mac);
      if (holder?.ip === ip && holder.mac === mac) return networks;
      if (holder) throw refused(`${holder.ip} is reserved for ${holder.mac}, not ${ip} for ${mac}`);
      return withLeases(networks, networkId, [...network.leases, { mac, ip, name }]);
    });
  }

  release({ networkId, mac, ip }: Lease): Promise<void> {
    return this.#change(async (networks) => {
      const leases = networks.find((it) => it.networkId === networkId)?.leases ?? [];
      return withLeases(
        networks,
        networkId,
        leases.filter((it) => it.ip !== ip || it.mac !== mac),
      );
    });
  }

  async leases(networkId: string): Promise<readonly Lease[]> {
    const network = (await this.#read()).find((it) => it.networkId === networkId);
    return (network?.leases ?? []).map((lease) => ({ networkId, ...lease }));
  }

  async freeRange(): Promise<string> {
    const seed = parseInt(this.daemon.home.id.slice(0, 4), 16);
    const [range] = freeRanges(await this.#usedRanges(await this.#read()), seed);
    if (range === undefined) throw refused('no range of prefix length 24 is free on this host');
    return range;
  }

  async attachmentOf(lease: Lease): Promise<Attachment> {
    const { cidr } = expected(await this.#read(), lease.networkId);
    return { devices: [], qemuArguments: userNetwork(this.daemon.home.nameOf(lease.networkId), cidr, lease) };
  }

  async assertThere(definition: string): Promise<void> {
    const networkId = this.daemon.home.idOf(networkIn(definition) ?? '');
    if (networkId !== undefined) expected(await this.#read(), networkId);
  }

  /** A guest could not reach what the host reaches in a range that is also its own. */
  async #usedRanges(networks: readonly KeptNetwork[]) {
    return [...(await kernelRanges()), ...networks.map(({ cidr }) => rangeOf(cidr))];
  }

  async #read(): Promise<readonly KeptNetwork[]> {
    const text = await unlessMissing(readFile(this.daemon.home.networks, 'utf8'));
    return text === undefined ? [] : z.array(KeptNetwork).parse(JSON.parse(text));
  }

  async #change(work: (networks: readonly KeptNetwork[]) => Promise<readonly KeptNetwork[]>): Promise<void> {
    const change = this.#last.then(async () => {
      const before = await this.#read();
      const after = await work(before);
      if (after === before) return;
      const file = this.daemon.home.networks;
      await writeFile(`${file}.draft`, `${JSON.stringify(after, undefined, 2)}\n`);
      await rename(`${file}.draft`, file);
    });
    this.#last = Promise.allSettled([change]);
    return change;
  }
}

const expected = (networks: readonly KeptNetwork[], networkId: string): KeptNetwork => {
  const network = networks.find((it) => it.networkId === networkId);
  if (!network) throw refused(`there is no network ${networkId}`);
  return network;
};

const withLeases = (networks: readonly KeptNetwork[], networkId: string, leases: KeptNetwork['leases']) =>
  networks.map((it) => (it.networkId === networkId ? { ...it, leases } : it));

const networkIn = (definition: string): string | undefined =>
  userNetworkIn(elementsOf(definition, 'qemu:arg').flatMap((word) => word.get('value') ?? []));
