/**
 * What a host can do, as five small ports. Every verb states the wanted end, so asking twice is asking once: defining what
 * is defined, stopping what is stopped and removing what is gone all succeed.
 *
 * Units: MiB for memory, GiB for disks, milliseconds for time-outs. Ids are Strata's (`inst_…`, `net_…`); a driver turns
 * them into names of its own and touches nothing that does not belong to its home.
 */

/** What a guest can be wished to be. */
export type Power = 'on' | 'off' | 'paused';

/** A base disk to copy from, addressed by the SHA-256 of its content. */
export type ImageRef = Readonly<{ digest: string }>;

export type NetworkSpec = Readonly<{
  networkId: string;
  name: string;
  type: 'nat';
  /** IPv4 range in CIDR form. The first host address is the gateway, on the host's bridge. */
  cidr: string;
}>;

/** A fixed address for one guest: DHCP hands `ip` to `mac` and resolves `name`, unless an earlier lease has it, inside the network. */
export type Lease = Readonly<{ networkId: string; mac: string; ip: string; name: string }>;

export type DomainSpec = Readonly<{
  instanceId: string;
  tenantId: string;
  name: string;
  vcpus: number;
  memoryMiB: number;
  image: ImageRef;
  /** Size of the root disk as the guest sees it. */
  diskGiB: number;
  lease: Lease;
  firstBoot: FirstBoot;
}>;

/** What the guest learns at its first boot. It travels by fw_cfg, is readable inside the guest, and never enters a log. */
export type FirstBoot = Readonly<{ hostname: string; sshKeys: readonly string[]; script?: string }>;

/** What a host is made of. `accelerator` is what guests really run on: `kvm` only after a probe guest ran. */
export type HostFacts = Readonly<{
  driver: 'libvirt' | 'simulated';
  accelerator: 'kvm' | 'tcg' | 'none';
  vcpus: number;
  memoryMiB: number;
  diskGiB: number;
  version: string;
}>;

/**
 * One guest as the hypervisor sees it now. `applied` is the highest wish revision that was carried out on it, kept with
 * the definition, so that an agent that was restarted does not repeat a reboot. `definition` is `transient` when somebody
 * removed the definition of a running guest.
 */
export type Observed = Readonly<{
  instanceId: string;
  power: Power;
  applied: number;
  definition: 'persistent' | 'transient';
  /** Whether the agent inside the guest is connected. */
  guestAgent: boolean;
  /** Why the guest is off, in words, where the hypervisor knows: `shut down by the guest`, `crashed`, `destroyed`. */
  reason?: string;
}>;

/** `unknown` is the honest one: the call timed out and may have worked. Observe before trying again. */
export class HypervisorError extends Error {
  constructor(
    readonly outcome: 'refused' | 'retryable' | 'unknown',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'HypervisorError';
  }
}

export abstract class Domains {
  /** Makes the definition be so; the root disk must exist. A running guest keeps running and becomes persistent again. */
  abstract define(spec: DomainSpec, applied: number): Promise<void>;
  /** Refused without a disk, without a network, and for a paused guest, which is to be resumed. */
  abstract start(instanceId: string): Promise<void>;
  abstract pause(instanceId: string): Promise<void>;
  abstract resume(instanceId: string): Promise<void>;
  /** Asks the guest to shut down and returns at once: through its agent, else by the power button. Refused when paused. */
  abstract requestShutdown(instanceId: string): Promise<void>;
  /** Pulls the plug. */
  abstract stop(instanceId: string): Promise<void>;
  /** Restarts a running guest: asks it where it can be asked, resets it otherwise or when `forced`. */
  abstract reboot(instanceId: string, forced: boolean): Promise<void>;
  /** Stops the guest and removes its definition, console log and first-boot data; its disks stay. */
  abstract remove(instanceId: string): Promise<void>;
  /** Remembers with the definition that wish `revision` was carried out. */
  abstract mark(instanceId: string, revision: number): Promise<void>;
  /** Every guest of this home on this host. */
  abstract observe(): Promise<readonly Observed[]>;
  /** Calls `listener` with the id of a guest that may have changed, or `undefined` when everything may have (a reconnect). */
  abstract watch(listener: (instanceId: string | undefined) => void): () => void;
}

export abstract class Disks {
  /** Makes the root disk be there as an overlay on the image. A disk that exists is never made anew. */
  abstract ensureRoot(disk: Readonly<{ instanceId: string; image: ImageRef; sizeGiB: number }>): Promise<void>;
  /** Refused while the guest is not off. */
  abstract removeRoot(instanceId: string): Promise<void>;
  /** Ids of the instances that have a root disk on this host. */
  abstract list(): Promise<readonly string[]>;
}

export abstract class Networks {
  /** Refused when something on this host uses the range: ask for another `freeRange`. */
  abstract ensure(network: NetworkSpec): Promise<void>;
  /** Removes the network and its leases. Refused while a guest runs on it. */
  abstract remove(networkId: string): Promise<void>;
  abstract list(): Promise<readonly string[]>;
  abstract reserve(lease: Lease): Promise<void>;
  /** Takes the fixed lease back and makes the DHCP server forget it, so that the address may be used again. */
  abstract release(lease: Lease): Promise<void>;
  abstract leases(networkId: string): Promise<readonly Lease[]>;
  /** An IPv4 range of prefix length 24 that no route, bridge or network of this host uses. */
  abstract freeRange(): Promise<string>;
}

export type ExecResult = Readonly<{ exitCode: number; stdout: string; stderr: string }>;

export abstract class Guests {
  /**
   * Runs a command inside the guest through its agent, waiting for the agent to connect within `timeoutMs`. A program that
   * is not there ends with exit code 127, as in a shell. `unknown` when it still runs after that time.
   */
  abstract exec(instanceId: string, argv: readonly string[], timeoutMs: number): Promise<ExecResult>;
  /** The end of what the guest wrote to its serial console: at most `bytes` bytes. */
  abstract log(instanceId: string, bytes: number): Promise<string>;
}

export type BuildProgress = (done: number, total: number, note: string) => void;

export abstract class Images {
  /** Builds a recipe unless the same content is cached already; reports progress as steps done of steps in all. */
  abstract build(recipe: string, progress: BuildProgress): Promise<ImageRef & { sizeMiB: number; virtualGiB: number }>;
  abstract has(image: ImageRef): Promise<boolean>;
  /** Refused while a root disk grows from the image. */
  abstract remove(image: ImageRef): Promise<void>;
  abstract list(): Promise<readonly string[]>;
}

/** One host, as an agent drives it. */
export abstract class Hypervisor {
  abstract readonly domains: Domains;
  abstract readonly disks: Disks;
  abstract readonly networks: Networks;
  abstract readonly guests: Guests;
  abstract readonly images: Images;
  /** Throws a `HypervisorError` when the hypervisor does not answer. */
  abstract facts(): Promise<HostFacts>;
  /** Ends the connection. Guests keep running. */
  abstract close(): Promise<void>;
}
