import type { HostDescription, HostServices, InstanceSight, InstanceWish, Sights, Wishes } from '@strata/contracts';
import { SimulatedHost, SimulatedHypervisor, VirtualTime } from '@strata/hypervisor';
import type { SimulatedHostOptions } from '@strata/hypervisor';
import { Agent } from './agent.js';
import type { AgentOptions } from './agent.js';
import { ControlPlane } from './control-plane.js';

/** The first minute of the virtual time that simulated hosts live in. */
export const midnight = '2026-01-01T00:00:00.000Z';
export const network = {
  networkId: 'net_1',
  name: 'blue',
  type: 'nat',
  cidr: '10.77.0.0/16',
  presence: 'present',
} as const;

/** The wish of a guest that was just asked for. `number` tells guests apart. */
export const wishOf = (number = 1, change: Partial<InstanceWish> = {}): InstanceWish => ({
  instanceId: `inst_${number}`,
  tenantId: 'ten_1',
  name: `guest-${number}`,
  presence: 'present',
  power: 'on',
  revision: 1,
  restart: false,
  forceAt: null,
  applied: 0,
  built: false,
  spec: {
    vcpus: 1,
    memoryMiB: 128,
    diskGiB: 1,
    image: { digest: 'unknown yet', recipe: 'tiny' },
    lease: {
      networkId: network.networkId,
      mac: `52:54:00:00:${hex(number >> 8)}:${hex(number & 255)}`,
      ip: `10.77.${1 + (number >> 7)}.${1 + (number & 127)}`,
      name: `guest-${number}`,
    },
    firstBoot: { hostname: `guest-${number}`, sshKeys: [] },
  },
  ...change,
});

const hex = (byte: number): string => byte.toString(16).padStart(2, '0');

/** A control plane that keeps wishes and the newest sights, and learns from them what the real one learns. */
class NotedControlPlane extends ControlPlane {
  readonly instances = new Map<string, InstanceWish>();
  networks: Wishes['networks'] = [network];
  images: Wishes['images'] = [];
  readonly reports: Sights[] = [];
  readonly newest = new Map<string, InstanceSight>();
  readonly asked: (readonly string[] | undefined)[] = [];
  hosts: HostDescription[] = [];
  services: HostServices | undefined;
  /** Reports to refuse before the next one is taken. */
  deaf = 0;
  /** Questions for wishes to leave unanswered. */
  mute = 0;
  readonly #listeners = new Set<(instanceIds: readonly string[] | undefined) => void>();

  connect(host: HostDescription, services: HostServices): Promise<{ epoch: number }> {
    this.hosts.push(host);
    this.services = services;
    return Promise.resolve({ epoch: this.hosts.length });
  }

  wishes(_hostId: string, instanceIds?: readonly string[]): Promise<Wishes> {
    this.asked.push(instanceIds);
    if (this.mute > 0) {
      this.mute -= 1;
      return Promise.reject(new Error('the log is away'));
    }
    const instances = [...this.instances.values()];
    const some = instanceIds && new Set(instanceIds);
    return Promise.resolve({
      instances: some ? instances.filter(({ instanceId }) => some.has(instanceId)) : instances,
      networks: this.networks,
      images: some ? [] : this.images,
    });
  }

  report(_hostId: string, sights: Sights): Promise<void> {
    if (this.deaf > 0) {
      this.deaf -= 1;
      return Promise.reject(new Error('the log is away'));
    }
    this.reports.push(sights);
    for (const sight of sights.instances) this.#learn(sight);
    return Promise.resolve();
  }

  onNudge(_hostId: string, listener: (instanceIds: readonly string[] | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Changes or adds wishes, and says so. */
  wish(...wishes: readonly InstanceWish[]): void {
    for (const wish of wishes) this.instances.set(wish.instanceId, wish);
    this.nudge(wishes.map(({ instanceId }) => instanceId));
  }

  /** Asks for something else of a guest that is wished already, as a new revision. */
  ask(instanceId: string, change: Partial<InstanceWish>): void {
    const wish = this.instances.get(instanceId);
    if (!wish) throw new Error(`nobody wishes ${instanceId}`);
    this.wish({ ...wish, restart: false, forceAt: null, revision: wish.revision + 1, ...change });
  }

  nudge(instanceIds: readonly string[] | undefined): void {
    for (const listener of this.#listeners) listener(instanceIds);
  }

  /** Every sight of one instance, in the order in which they came. */
  sightsOf(instanceId: string): readonly InstanceSight[] {
    return this.reports.flatMap(({ instances }) => instances).filter((sight) => sight.instanceId === instanceId);
  }

  #learn(sight: InstanceSight): void {
    const { instanceId, generation, disk, applied } = sight;
    if (generation <= (this.newest.get(instanceId)?.generation ?? 0)) return;
    this.newest.set(instanceId, sight);
    const wish = this.instances.get(instanceId);
    if (!wish || disk === 'unknown') return;
    const built = wish.built || disk === 'present';
    this.instances.set(instanceId, { ...wish, built, applied: Math.max(wish.applied, applied) });
  }
}

/** One simulated host in virtual time, with an image, a control plane and an agent between them. */
export class Scene {
  readonly time = new VirtualTime(midnight);
  readonly controlPlane = new NotedControlPlane();
  readonly warnings: string[] = [];
  readonly host: SimulatedHost;
  digest = '';
  agent: Agent;

  private constructor(
    options: SimulatedHostOptions,
    private readonly limits: AgentOptions['limits'],
  ) {
    this.host = new SimulatedHost({ ...options, clock: this.time });
    this.agent = this.newAgent();
  }

  static async open(options: SimulatedHostOptions = {}, limits: AgentOptions['limits'] = {}): Promise<Scene> {
    const scene = new Scene(options, limits);
    // Built elsewhere, because on this host a build may take its time.
    const image = await new SimulatedHypervisor(new SimulatedHost()).images.build('tiny', () => undefined);
    scene.host.world.images.set(image.digest, image);
    scene.digest = image.digest;
    await scene.agent.start();
    return scene;
  }

  /** The agent dies without a word, and another one starts on the same host. */
  async replaceAgent(): Promise<void> {
    await this.agent.stop();
    this.agent = this.newAgent();
    await this.agent.start();
  }

  /** A guest as the control plane wishes it, from an image that this host has. */
  guest(number = 1, change: Partial<InstanceWish> = {}): InstanceWish {
    const wish = wishOf(number, change);
    return { ...wish, spec: { ...wish.spec, image: { digest: this.digest, recipe: 'tiny' } } };
  }

  /** Makes a guest be there and run. */
  async running(number = 1): Promise<string> {
    const { instanceId } = this.guest(number);
    this.controlPlane.wish(this.guest(number));
    await this.until(() => this.newest(instanceId)?.applied === 1);
    return instanceId;
  }

  newest(instanceId: string): InstanceSight | undefined {
    return this.controlPlane.newest.get(instanceId);
  }

  /** How often the guest was booted. */
  boots(instanceId: string): number {
    return this.host.world.guests.get(instanceId)?.boots.length ?? 0;
  }

  /** Lets time pass in small steps until the condition holds; virtual minutes without it are a failure. */
  async until(condition: () => boolean, withinMs = 120_000): Promise<void> {
    for (let passed = 0; !condition(); passed += 100) {
      if (passed >= withinMs) throw new Error(`not within ${withinMs} ms: ${String(condition)}`);
      await this.time.tick(100);
    }
  }

  newAgent(): Agent {
    return new Agent({
      hostId: 'host_1',
      name: 'one',
      hypervisor: new SimulatedHypervisor(this.host),
      controlPlane: this.controlPlane,
      clock: this.time,
      limits: this.limits ?? {},
      warn: (message) => void this.warnings.push(message),
    });
  }
}
