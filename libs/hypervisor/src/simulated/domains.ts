import { Domains } from '../hypervisor.js';
import type { DomainSpec, Observed } from '../hypervisor.js';
import { refused } from '../refusal.js';
import type { Call } from './simulated-hypervisor.js';
import type { SimulatedHost } from './simulated-host.js';
import type { Guest } from './world.js';

export class SimulatedDomains extends Domains {
  readonly #subscriptions = new Set<() => void>();

  constructor(
    private readonly host: SimulatedHost,
    private readonly call: Call,
  ) {
    super();
  }

  define(spec: DomainSpec, applied: number): Promise<void> {
    const { instanceId, lease } = spec;
    return this.call('domains.define', instanceId, () => {
      if (!this.host.world.disks.has(instanceId)) throw refused(`instance ${instanceId} has no root disk`);
      if (!this.host.world.networks.has(lease.networkId)) throw refused(`there is no network ${lease.networkId}`);
      const guest = this.#find(instanceId);
      const fresh = { power: 'off', agent: false, reason: null, boots: [], applied } as const;
      const known = { ...(guest ?? fresh), applied: Math.max(guest?.applied ?? 0, applied) };
      this.host.put({ ...known, spec, defined: true });
    });
  }

  start(instanceId: string): Promise<void> {
    return this.call('domains.start', instanceId, () => {
      const guest = this.#get(instanceId);
      if (guest.power === 'on') return;
      if (guest.power === 'paused') throw refused(`instance ${instanceId} is paused: resume it`);
      const { disks, networks } = this.host.world;
      const { networkId } = guest.spec.lease;
      if (!disks.has(instanceId)) throw refused(`the root disk of instance ${instanceId} is gone`);
      if (!networks.has(networkId)) throw refused(`there is no network ${networkId}`);
      this.host.boot(guest);
    });
  }

  pause(instanceId: string): Promise<void> {
    return this.call('domains.pause', instanceId, () => {
      const guest = this.#running(instanceId);
      if (guest.power === 'on') this.host.put({ ...guest, power: 'paused' });
    });
  }

  resume(instanceId: string): Promise<void> {
    return this.call('domains.resume', instanceId, () => {
      const guest = this.#running(instanceId);
      if (guest.power === 'paused') this.host.put({ ...guest, power: 'on' });
    });
  }

  requestShutdown(instanceId: string): Promise<void> {
    return this.call('domains.requestShutdown', instanceId, () => {
      const guest = this.#find(instanceId);
      if (guest?.power === 'paused') throw refused(`instance ${instanceId} is paused and cannot be asked`);
      if (guest?.power === 'on') this.host.shutDown(guest);
    });
  }

  stop(instanceId: string): Promise<void> {
    return this.call('domains.stop', instanceId, () => {
      const guest = this.#find(instanceId);
      if (guest && guest.power !== 'off') this.host.switchOff(guest, 'destroyed');
    });
  }

  reboot(instanceId: string, _forced: boolean): Promise<void> {
    return this.call('domains.reboot', instanceId, () => {
      const guest = this.#running(instanceId);
      if (guest.power === 'paused') throw refused(`instance ${instanceId} is paused: resume it`);
      this.host.boot(guest);
    });
  }

  remove(instanceId: string): Promise<void> {
    return this.call('domains.remove', instanceId, () => this.host.forget(instanceId));
  }

  mark(instanceId: string, revision: number): Promise<void> {
    return this.call('domains.mark', instanceId, () => {
      const guest = this.#get(instanceId);
      if (revision > guest.applied) this.host.put({ ...guest, applied: revision });
    });
  }

  observe(): Promise<readonly Observed[]> {
    return this.call('domains.observe', undefined, () => this.host.world.guests.rows().map(observed));
  }

  watch(listener: (instanceId: string | undefined) => void): () => void {
    const stop = this.host.watch(listener);
    this.#subscriptions.add(stop);
    return () => {
      this.#subscriptions.delete(stop);
      stop();
    };
  }

  close(): void {
    for (const stop of this.#subscriptions) stop();
    this.#subscriptions.clear();
  }

  #find(instanceId: string): Guest | undefined {
    return this.host.world.guests.get(instanceId);
  }

  #get(instanceId: string): Guest {
    const guest = this.#find(instanceId);
    if (!guest) throw refused(`there is no guest for instance ${instanceId}`);
    return guest;
  }

  #running(instanceId: string): Guest {
    const guest = this.#get(instanceId);
    if (guest.power === 'off') throw refused(`instance ${instanceId} is off`);
    return guest;
  }
}

const observed = ({ spec, power, applied, defined, agent, reason }: Guest): Observed => ({
  instanceId: spec.instanceId,
  power,
  applied,
  definition: defined ? 'persistent' : 'transient',
  guestAgent: agent,
  ...(reason !== null && { reason }),
});
