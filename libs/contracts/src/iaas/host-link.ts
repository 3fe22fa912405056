/**
 * What the control plane and the agent of a host say to each other. The control plane states wishes, the agent reports
 * sights; neither ever waits for the other. A wish counts its revisions, a sight counts its generations.
 */

export type Power = 'on' | 'off' | 'paused';

/** A guest as it is wished to be. */
export type InstanceWish = Readonly<{
  instanceId: string;
  tenantId: string;
  name: string;
  /** `absent`: the guest and its root disk shall be gone. */
  presence: 'present' | 'absent';
  power: Power;
  /** Counts every request that concerns power; what was applied once is never applied again. */
  revision: number;
  /** The newest revision is a reboot. */
  restart: boolean;
  /** RFC 3339. From then on the guest is no longer asked but forced. */
  forceAt: string | null;
  /** The revision that the log knows to have been applied. */
  applied: number;
  /** The root disk was seen once: it may hold data and is never made anew. */
  built: boolean;
  spec: InstanceWishSpec;
}>;

export type InstanceWishSpec = Readonly<{
  vcpus: number;
  memoryMiB: number;
  diskGiB: number;
  image: Readonly<{ digest: string; recipe: string }>;
  lease: Readonly<{ networkId: string; mac: string; ip: string; name: string }>;
  firstBoot: Readonly<{ hostname: string; sshKeys: readonly string[]; script?: string }>;
}>;

export type NetworkWish = Readonly<{
  networkId: string;
  name: string;
  type: 'nat';
  cidr: string;
  presence: 'present' | 'absent';
}>;

/** An image that shall be built from its recipe on this host. */
export type ImageWish = Readonly<{ imageId: string; recipe: string }>;

export type Wishes = Readonly<{
  instances: readonly InstanceWish[];
  networks: readonly NetworkWish[];
  images: readonly ImageWish[];
}>;

/** A call that the agent made to the hypervisor, for the tree of causes. */
export type HypervisorCall = Readonly<{
  verb: string;
  ms: number;
  outcome: 'ok' | 'refused' | 'retryable' | 'unknown';
}>;

/** A guest as it was last seen. `unknown` says that the hypervisor did not answer: it changes nothing. */
export type InstanceSight = Readonly<{
  instanceId: string;
  /** Grows with every sight of this host: `epoch × 10⁹ + sequence`. */
  generation: number;
  disk: 'present' | 'absent' | 'unknown';
  power: Power | 'absent' | 'unknown';
  applied: number;
  guestAgent: boolean;
  /** Why it is as it is, in words for people, when nobody asked for it: `crashed`, `shut down by the guest`, … */
  reason: string | null;
  /** Why the wish could not be met so far; the agent goes on trying unless `final`. */
  problem: Readonly<{ message: string; final: boolean }> | null;
  calls: readonly HypervisorCall[];
}>;

export type NetworkSight = Readonly<{
  networkId: string;
  generation: number;
  state: 'present' | 'absent';
  problem: string | null;
}>;

export type ImageSight =
  | Readonly<{ imageId: string; generation: number; state: 'building'; done: number; total: number; note: string }>
  | Readonly<{
      imageId: string;
      generation: number;
      state: 'built';
      digest: string;
      sizeMiB: number;
      virtualGiB: number;
    }>
  | Readonly<{ imageId: string; generation: number; state: 'failed'; message: string }>;

export type Sights = Readonly<{
  instances: readonly InstanceSight[];
  networks: readonly NetworkSight[];
  images: readonly ImageSight[];
}>;

export type HostDescription = Readonly<{
  hostId: string;
  name: string;
  driver: 'libvirt' | 'simulated';
  accelerator: 'kvm' | 'tcg' | 'none';
  vcpus: number;
  memoryMiB: number;
  diskGiB: number;
  version: string;
  /** An IPv4 range that nothing on the host uses: where the first network may be laid. */
  freeRange: string;
}>;

/** What a host answers at once, without a wish: it changes nothing that the log knows. */
export type HostServices = Readonly<{
  exec(
    instanceId: string,
    argv: readonly string[],
    timeoutMs: number,
  ): Promise<Readonly<{ exitCode: number; stdout: string; stderr: string }>>;
  log(instanceId: string, bytes: number): Promise<string>;
}>;
