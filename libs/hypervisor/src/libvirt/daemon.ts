import { ErrorCode, isNoSuchDomain, isNoSuchNetwork, LibvirtError } from '@strata/libvirt';
import type { DomainEvent, DomainRef, Libvirt, NetworkRef } from '@strata/libvirt';
import { HypervisorError } from '../hypervisor.js';
import type { Home } from './home.js';

/** A domain of this home, under the id that it stands for. */
export type OwnDomain = Readonly<{ instanceId: string; domain: DomainRef }>;
export type OwnNetwork = Readonly<{ networkId: string; network: NetworkRef }>;

/** Refusals that say nothing about the wish: the daemon or the guest was busy, or not ready. */
const busy: readonly number[] = [
  ErrorCode.OperationTimeout,
  ErrorCode.ResourceBusy,
  ErrorCode.AgentUnresponsive,
  ErrorCode.AgentUnsynced,
  ErrorCode.AgentCommandTimeout,
];

const outcomeOf = (error: LibvirtError): HypervisorError['outcome'] => {
  if (error.kind === 'unreachable') return 'retryable';
  if (error.kind !== 'refused') return 'unknown';
  return busy.includes(error.code) ? 'retryable' : 'refused';
};

/** Carries out `work`; what libvirt says against it is said in the words of the port. */
export const answered = async <Result>(work: () => Promise<Result>): Promise<Result> => {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof LibvirtError)) throw error;
    throw new HypervisorError(outcomeOf(error), error.message, { cause: error });
  }
};

/** A libvirt daemon, seen from one home: everything that belongs to others stays out of sight. */
export class Daemon {
  /** Where libvirt keeps what QEMU said, one file per guest. */
  readonly logs = '/var/log/libvirt/qemu';
  readonly #listeners = new Set<(instanceId: string | undefined) => void>();

  constructor(
    readonly libvirt: Libvirt,
    readonly home: Home,
  ) {
    libvirt.on('domain', ({ domain }: DomainEvent) => {
      const instanceId = home.idOf(domain.name);
      if (instanceId !== undefined) this.#hint(instanceId);
    });
    libvirt.on('reconnected', () => this.#hint(undefined));
  }

  watch(listener: (instanceId: string | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async domains(): Promise<readonly OwnDomain[]> {
    return (await this.libvirt.domains()).flatMap((domain) => {
      const instanceId = this.home.idOf(domain.name);
      return instanceId === undefined ? [] : [{ instanceId, domain }];
    });
  }

  async networks(): Promise<readonly OwnNetwork[]> {
    return (await this.libvirt.networks()).flatMap((network) => {
      const networkId = this.home.idOf(network.name);
      return networkId === undefined ? [] : [{ networkId, network }];
    });
  }

  findDomain(instanceId: string): Promise<DomainRef | undefined> {
    return this.libvirt.findDomain({ name: this.home.nameOf(instanceId) });
  }

  findNetwork(networkId: string): Promise<NetworkRef | undefined> {
    return this.libvirt.findNetwork({ name: this.home.nameOf(networkId) });
  }

  close(): void {
    this.#listeners.clear();
    this.libvirt.close();
  }

  #hint(instanceId: string | undefined): void {
    for (const listener of this.#listeners) listener(instanceId);
  }
}

/** Undefined when the domain or network went away in the meantime. */
export const unlessGone = async <Result>(work: Promise<Result>): Promise<Result | undefined> => {
  try {
    return await work;
  } catch (error) {
    if (isNoSuchDomain(error) || isNoSuchNetwork(error)) return undefined;
    throw error;
  }
};
