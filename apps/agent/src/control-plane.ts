import type { HostDescription, HostServices, Sights, Wishes } from '@strata/contracts';

/** The control plane as an agent sees it. Every call may fail and is then repeated; none carries anything twice. */
export abstract class ControlPlane {
  /** Announces the host. The epoch is greater than every one that was given to this host before. */
  abstract connect(host: HostDescription, services: HostServices): Promise<{ epoch: number }>;
  /**
   * What is wished on this host: everything, or what concerns these instances (then with the networks that they need). An
   * instance that is asked for and not answered is not wished in any way, not even to be gone.
   */
  abstract wishes(hostId: string, instanceIds?: readonly string[]): Promise<Wishes>;
  /** Resolves when the sights are kept; until then the agent holds on to them. */
  abstract report(hostId: string, sights: Sights): Promise<void>;
  /** Calls `listener` with the instances whose wishes may have changed, or `undefined` when all may have. */
  abstract onNudge(hostId: string, listener: (instanceIds: readonly string[] | undefined) => void): () => void;
}
