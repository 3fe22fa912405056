import { HypervisorError } from '@strata/hypervisor';
import type { Hypervisor, Lease, Observed } from '@strata/hypervisor';

/** A host as it was seen in one look. */
export type HostView = Readonly<{
  domains: ReadonlyMap<string, Observed>;
  disks: ReadonlySet<string>;
  networks: ReadonlySet<string>;
  hasLease(lease: Lease): boolean;
}>;

/**
 * Looks at the whole host on behalf of everybody who wants to know. A look shows only what was done before it began, so
 * whoever asks while one is under way shares the next. There is never more than one at a time: looks end in the order in
 * which they began, and a worker that looks after it acted is still busy when older looks come in.
 */
export class Lookout {
  #current: Promise<HostView> | undefined;
  #next: Promise<HostView> | undefined;

  constructor(private readonly hypervisor: Hypervisor) {}

  /** Throws a `HypervisorError` when the hypervisor does not answer. */
  look(): Promise<HostView> {
    if (this.#next !== undefined) return this.#next;
    if (this.#current === undefined) return this.#begin();
    this.#next = this.#beginAfter(this.#current);
    return this.#next;
  }

  async #beginAfter(current: Promise<HostView>): Promise<HostView> {
    // Whether that one succeeded is the business of those who asked for it.
    await Promise.allSettled([current]);
    return this.#begin();
  }

  #begin(): Promise<HostView> {
    this.#next = undefined;
    const looking = this.#observe().finally(() => {
      if (this.#current === looking) this.#current = undefined;
    });
    this.#current = looking;
    return looking;
  }

  async #observe(): Promise<HostView> {
    const { domains, disks, networks } = this.hypervisor;
    const [guests, roots, networkIds] = await Promise.all([domains.observe(), disks.list(), networks.list()]);
    const reserved = await Promise.all(networkIds.map((id) => this.#leases(id)));
    const leases = new Set(reserved.flat().map(keyOf));
    return {
      domains: new Map(guests.map((guest) => [guest.instanceId, guest])),
      disks: new Set(roots),
      networks: new Set(networkIds),
      hasLease: (lease) => leases.has(keyOf(lease)),
    };
  }

  async #leases(networkId: string): Promise<readonly Lease[]> {
    try {
      return await this.hypervisor.networks.leases(networkId);
    } catch (error) {
      // The network was removed since it was listed, and its leases with it.
      if (error instanceof HypervisorError && error.outcome === 'refused') return [];
      throw error;
    }
  }
}

const keyOf = ({ networkId, mac, ip }: Lease): string => `${networkId} ${mac} ${ip}`;
