import { Hypervisor, HypervisorError } from '../hypervisor.js';
import type { HostFacts } from '../hypervisor.js';
import { SimulatedDisks } from './disks.js';
import { SimulatedDomains } from './domains.js';
import type { Verb } from './faults.js';
import { SimulatedGuests } from './guests.js';
import { SimulatedImages } from './images.js';
import { SimulatedNetworks } from './networks.js';
import type { SimulatedHost } from './simulated-host.js';

/** Sends one verb to the host, concerning `subject` (an instance or a network), as long as the driver is open. */
export type Call = <Result>(
  verb: Verb,
  subject: string | undefined,
  work: () => Result | Promise<Result>,
) => Promise<Result>;

/** A driver of a simulated host. It keeps nothing itself: two drivers of one host see the same world. */
export class SimulatedHypervisor extends Hypervisor {
  readonly domains: SimulatedDomains;
  readonly disks: SimulatedDisks;
  readonly networks: SimulatedNetworks;
  readonly guests: SimulatedGuests;
  readonly images: SimulatedImages;
  readonly #call: Call;
  #open = true;

  constructor(readonly host: SimulatedHost) {
    super();
    this.#call = async (verb, subject, work) => {
      if (!this.#open) throw new HypervisorError('retryable', 'the connection to the hypervisor was closed');
      return host.call(verb, subject, work);
    };
    this.domains = new SimulatedDomains(host, this.#call);
    this.disks = new SimulatedDisks(host, this.#call);
    this.networks = new SimulatedNetworks(host, this.#call);
    this.guests = new SimulatedGuests(host, this.#call);
    this.images = new SimulatedImages(host, this.#call);
  }

  facts(): Promise<HostFacts> {
    return this.#call('facts', undefined, () => this.host.facts);
  }

  close(): Promise<void> {
    this.#open = false;
    this.domains.close();
    return Promise.resolve();
  }
}
