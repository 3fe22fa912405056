import { HypervisorError } from '../hypervisor.js';
import type { HostFacts } from '../hypervisor.js';
import type { Clock } from './clock.js';
import { realTime } from './clock.js';
import type { Fault, Verb } from './faults.js';
import { Faults } from './faults.js';
import type { Change, Guest } from './world.js';
import { World } from './world.js';

export type SimulatedHostOptions = Readonly<{
  clock?: Clock;
  facts?: Partial<Omit<HostFacts, 'driver' | 'accelerator'>>;
  /** Milliseconds that each verb takes; what is not named takes none. */
  latency?: Partial<Record<Verb, number>>;
  /** Milliseconds from start until the agent inside the guest is connected. */
  bootMs?: number;
  /** Milliseconds from a request until the guest has shut down. */
  shutdownMs?: number;
  /** Milliseconds that each step of an image build takes. */
  buildStepMs?: number;
  /** Milliseconds after which a call that hangs is given up. */
  deadlineMs?: number;
  /** Told of every change, so that it can be kept; see `SimulatedHostFile`. */
  record?: (change: Change) => void;
  /** A world that was kept. */
  changes?: Iterable<Change>;
}>;

/** After which time something is tried again that a guest does by itself. */
const AGAIN_MS = 1_000;

/**
 * A machine that exists only in memory: its guests, disks and networks, what time does to them, and what somebody may do
 * to them behind our back. Drivers come and go; handing the same host to a new one is what a restarted agent finds.
 */
export class SimulatedHost {
  readonly faults = new Faults();
  readonly clock: Clock;
  readonly facts: HostFacts;
  readonly world: World;
  readonly #options: SimulatedHostOptions;
  readonly #listeners = new Set<(instanceId: string | undefined) => void>();
  readonly #timers = new Map<string, () => void>();
  #reachable = true;

  constructor(options: SimulatedHostOptions = {}) {
    this.#options = options;
    this.clock = options.clock ?? realTime;
    this.facts = {
      vcpus: 64,
      memoryMiB: 256 * 1024,
      diskGiB: 4096,
      version: 'simulation 1',
      ...options.facts,
      driver: 'simulated',
      accelerator: 'none',
    };
    this.world = new World(options.record ?? (() => undefined));
    for (const change of options.changes ?? []) this.world.apply(change);
    // A guest that was booting when its world was kept is taken to have booted since.
    for (const guest of this.world.guests.rows()) {
      if (guest.power === 'on' && !guest.agent) this.world.guests.set(guest.spec.instanceId, { ...guest, agent: true });
    }
  }

  // ── What happens on the machine ────────────────────────────────

  /** Replaces what is known of a guest and hints at it. */
  put(guest: Guest): void {
    this.world.guests.set(guest.spec.instanceId, guest);
    this.#hint(guest.spec.instanceId);
  }

  boot(guest: Guest): void {
    const { instanceId } = guest.spec;
    const boots = [...guest.boots, this.clock.now()];
    this.put({ ...guest, power: 'on', agent: false, reason: null, boots });
    this.#later(instanceId, this.#options.bootMs ?? 0, () => this.#update(instanceId, { agent: true }));
  }

  /** The guest's own way down. It takes its time. */
  shutDown(guest: Guest): void {
    const { instanceId } = guest.spec;
    this.#later(instanceId, this.#options.shutdownMs ?? 0, () => {
      const now = this.world.guests.get(instanceId);
      if (now?.power === 'on') this.switchOff(now, 'shut down by the guest');
    });
  }

  /** The guest is off. When nothing defines it any longer, nothing is left of it. */
  switchOff(guest: Guest, reason: string): void {
    if (!guest.defined) return this.forget(guest.spec.instanceId);
    this.put({ ...guest, power: 'off', agent: false, reason });
    this.#calm(guest.spec.instanceId);
  }

  forget(instanceId: string): void {
    this.world.guests.delete(instanceId);
    this.#calm(instanceId);
    this.#hint(instanceId);
  }

  // ── What others do, behind our back ────────────────────────────

  crash(instanceId: string): void {
    this.switchOff(this.#running(instanceId), 'crashed');
  }

  destroyOutside(instanceId: string): void {
    this.switchOff(this.#running(instanceId), 'destroyed');
  }

  undefineOutside(instanceId: string): void {
    const guest = this.#known(instanceId);
    if (guest.power === 'off') this.forget(instanceId);
    else this.put({ ...guest, defined: false });
  }

  loseDisk(instanceId: string): void {
    this.world.disks.delete(instanceId);
  }

  /** From now on the hypervisor does, or does not, answer. When it answers again everything may have changed. */
  unreachable(lost: boolean): void {
    const back = !this.#reachable && !lost;
    this.#reachable = !lost;
    if (back) this.#hint(undefined);
  }

  // ── What drivers need ──────────────────────────────────────────

  /** One step of an image build, and its time. */
  buildStep(): Promise<void> {
    const { buildStepMs = 0 } = this.#options;
    return buildStepMs > 0 ? this.pause(buildStepMs) : Promise.resolve();
  }

  watch(listener: (instanceId: string | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Carries out one call of a driver: it takes its time and meets its fault. */
  async call<Result>(verb: Verb, subject: string | undefined, work: () => Result | Promise<Result>): Promise<Result> {
    this.#assertReachable();
    const latency = this.#options.latency?.[verb] ?? 0;
    if (latency > 0) await this.pause(latency);
    const fault = this.faults.take(verb, subject);
    return fault ? this.#suffer(fault, verb, subject, work) : work();
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.clock.after(ms, resolve);
    });
  }

  async #suffer<Result>(
    fault: Fault,
    verb: Verb,
    subject: string | undefined,
    work: () => Result | Promise<Result>,
  ): Promise<Result> {
    switch (fault.kind) {
      case 'fail':
        throw new HypervisorError(fault.outcome, `${verb} failed, as it was told to`);
      case 'hang': {
        const deadline = this.#options.deadlineMs ?? 30_000;
        await this.pause(deadline);
        throw new HypervisorError('unknown', `${verb} did not answer within ${deadline} ms`);
      }
      case 'done-but-said-failed':
        await work();
        throw new HypervisorError('unknown', `the answer to ${verb} was lost`);
      case 'vanished':
        if (subject !== undefined) this.forget(subject);
        return work();
    }
  }

  #assertReachable(): void {
    if (!this.#reachable) throw new HypervisorError('retryable', 'the hypervisor does not answer');
  }

  #known(instanceId: string): Guest {
    const guest = this.world.guests.get(instanceId);
    if (!guest) throw new Error(`there is no guest ${instanceId} to do this to`);
    return guest;
  }

  #running(instanceId: string): Guest {
    const guest = this.#known(instanceId);
    if (guest.power === 'off') throw new Error(`guest ${instanceId} is off already`);
    return guest;
  }

  #update(instanceId: string, change: Partial<Guest>): void {
    const guest = this.world.guests.get(instanceId);
    if (guest) this.put({ ...guest, ...change });
  }

  /** A guest is on its way up or on its way down, never both. */
  #later(instanceId: string, ms: number, act: () => void): void {
    this.#calm(instanceId);
    if (ms <= 0) return act();
    this.#timers.set(
      instanceId,
      this.clock.after(ms, () => {
        this.#timers.delete(instanceId);
        try {
          act();
        } catch {
          // It could not be written down, and so it has not happened yet.
          this.#later(instanceId, Math.max(ms, AGAIN_MS), act);
        }
      }),
    );
  }

  #calm(instanceId: string): void {
    this.#timers.get(instanceId)?.();
    this.#timers.delete(instanceId);
  }

  /** Hints come after the deed that causes them, as they do from a real hypervisor, and are lost with the connection. */
  #hint(instanceId: string | undefined): void {
    if (!this.#reachable) return;
    queueMicrotask(() => {
      for (const listener of this.#listeners) listener(instanceId);
    });
  }
}
