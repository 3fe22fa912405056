import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ErrorCode, isNoSuchDomain, isNoSuchNetwork, Libvirt, LibvirtError, ListDomains } from '@strata/libvirt';
import type { DomainEvent, DomainRef, NetworkRef } from '@strata/libvirt';
import { HypervisorError } from '../hypervisor.js';
import type { DaemonPlace } from './daemon-place.js';
import type { Home } from './home.js';
import { startSessionDaemon } from './session-daemon.js';

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

/**
 * A libvirt daemon, seen from one home: everything that belongs to others stays out of sight.
 *
 * There are two connections to it. A daemon works on five calls of one connection at a time (`max_client_requests`), and a
 * guest takes up to two seconds to be destroyed: what is slow goes over a connection of its own, so that a look at the host
 * never waits behind it.
 */
export class Daemon {
  /** How many calls that end this guest are under way. */
  readonly #ending = new Map<string, number>();
  #listed = new Map<string, OwnDomain>();
  #reviving = false;
  readonly #listeners = new Set<(instanceId: string | undefined) => void>();

  private constructor(
    readonly home: Home,
    readonly place: DaemonPlace,
    /** For calls that are answered at once. */
    readonly libvirt: Libvirt,
    /** For calls that start, end or speak to a guest. */
    readonly slow: Libvirt,
  ) {
    libvirt.on('domain', ({ domain }: DomainEvent) => {
      const instanceId = home.idOf(domain.name);
      if (instanceId !== undefined) this.#hint(instanceId);
    });
    for (const connection of [libvirt, slow]) connection.on('reconnected', () => this.#back());
    // A look then fails at once, and says that nothing is known.
    libvirt.on('disconnected', () => this.#hint(undefined));
    if (place.kind === 'session') libvirt.on('unreachable', () => this.#revive());
  }

  /** @throws HypervisorError `retryable` when no daemon answers */
  static async connect(home: Home, place: DaemonPlace): Promise<Daemon> {
    const libvirt = await answered(() => Libvirt.connect(place.reach));
    try {
      return new Daemon(home, place, libvirt, await answered(() => Libvirt.connect(place.reach)));
    } catch (error) {
      libvirt.close();
      throw error;
    }
  }

  watch(listener: (instanceId: string | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** While a guest is being destroyed, which a new list would wait for, the last list is given, with what was added to it. */
  async domains(): Promise<readonly OwnDomain[]> {
    if (this.#ending.size === 0) {
      const listed = (await this.libvirt.domains()).flatMap((domain) => this.#own(domain));
      this.#listed = new Map(listed.map((own) => [own.instanceId, own]));
    }
    return [...this.#listed.values()];
  }

  /** Of a domain that was defined just now. */
  added(domain: DomainRef): void {
    for (const own of this.#own(domain)) this.#listed.set(own.instanceId, own);
  }

  isEnding(instanceId: string): boolean {
    return this.#ending.has(instanceId);
  }

  /** Does `work`, which ends a guest. libvirt keeps the guest locked until its process is gone. */
  async ending(instanceId: string, work: () => Promise<void>): Promise<void> {
    const begun = (this.#ending.get(instanceId) ?? 0) + 1;
    this.#ending.set(instanceId, begun);
    try {
      await work();
    } finally {
      const left = (this.#ending.get(instanceId) ?? 1) - 1;
      if (left > 0) this.#ending.set(instanceId, left);
      else this.#ending.delete(instanceId);
    }
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

  /** What is outside of the home for one guest: QEMU's log, and the socket of the agent. */
  async removeTraces(instanceId: string): Promise<void> {
    const log = `${this.place.logs}/${this.home.nameOf(instanceId)}.log`;
    for (const file of [log, this.agentSocketOf(instanceId)]) {
      if (file !== undefined) await rm(file, { force: true });
    }
  }

  agentSocketOf(instanceId: string): string | undefined {
    const { sockets } = this.place;
    return sockets === undefined ? undefined : join(sockets, `${this.home.nameOf(instanceId)}.agent`);
  }

  findNetwork(networkId: string): Promise<NetworkRef | undefined> {
    return this.libvirt.findNetwork({ name: this.home.nameOf(networkId) });
  }

  /** The running guest of this home whose definition answers the question. */
  async runningGuest(isIt: (definition: string) => boolean): Promise<string | undefined> {
    for (const dom of await this.libvirt.domains(ListDomains.Active)) {
      const instanceId = this.home.idOf(dom.name);
      if (instanceId === undefined) continue;
      const definition = await unlessGone(this.libvirt.call('domainGetXmlDesc', { dom, flags: 0 }));
      if (isIt(definition ?? '')) return instanceId;
    }
    return undefined;
  }

  close(): void {
    this.#listeners.clear();
    this.libvirt.close();
    this.slow.close();
  }

  #own(domain: DomainRef): readonly OwnDomain[] {
    const instanceId = this.home.idOf(domain.name);
    return instanceId === undefined ? [] : [{ instanceId, domain }];
  }

  #back(): void {
    if (this.libvirt.connected && this.slow.connected) this.#hint(undefined);
  }

  /** A session's daemon that died is nobody's to start but ours; its guests live on and wait for it. */
  #revive(): void {
    if (this.#reviving) return;
    this.#reviving = true;
    startSessionDaemon(this.place)
      // Those who ask hear from their own calls that nobody answers, and the next attempt to connect comes here again.
      .catch(() => undefined)
      .finally(() => (this.#reviving = false));
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
