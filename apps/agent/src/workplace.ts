import type { InstanceWish } from '@strata/contracts';
import type { Hypervisor } from '@strata/hypervisor';
import type { kindOf } from './actions.js';
import type { Clock } from './clock.js';
import type { HostView } from './lookout.js';
import type { Reporter } from './reporter.js';
import type { Slots } from './slots.js';

export type Limits = Readonly<{
  /** Actions of one kind at once. */
  concurrent: number;
  /** Guests that are being started at once. */
  boots: number;
  /** Milliseconds that a started guest counts as being started, unless the agent inside it is connected before. */
  bootMs: number;
  /** Milliseconds from one look to the next while nudges follow each other: they gather meanwhile. */
  lingerMs: number;
  /** Milliseconds between two rounds over everything. */
  roundMs: number;
  /** Milliseconds between two looks at a guest that has to do something by itself. */
  waitMs: number;
  /** Milliseconds before what failed is tried again: at first, doubled each time, and at most. */
  retryMs: number;
  retryMaxMs: number;
  /** Milliseconds that stopping waits for calls that are under way. */
  stopMs: number;
}>;

/** What suits a simulated host; one that emulates its guests is better off with two boots at once, of some seconds each. */
export const defaultLimits: Limits = {
  concurrent: 16,
  boots: 16,
  bootMs: 0,
  lingerMs: 0,
  roundMs: 30_000,
  waitMs: 1_000,
  retryMs: 1_000,
  retryMaxMs: 30_000,
  stopMs: 5_000,
};

/** Milliseconds until the try after `attempts` that failed. */
export const backoff = ({ retryMs, retryMaxMs }: Limits, attempts: number): number =>
  Math.min(retryMs * 2 ** (attempts - 1), retryMaxMs);

/** The hypervisor did not answer a look. The agent has dealt with it; whoever meets this just stops working. */
export class Silence extends Error {
  override readonly name = 'Silence';
}

/** What the workers of one host share. */
export type Workplace = Readonly<{
  hypervisor: Hypervisor;
  clock: Clock;
  limits: Limits;
  reporter: Reporter;
  slots: Readonly<Record<ReturnType<typeof kindOf>, Slots>>;
  /** Throws `Silence`. */
  look(): Promise<HostView>;
  /** Tends to the instance again in so many milliseconds, or sooner. */
  wake(instanceId: string, ms: number): void;
  networkProblem(networkId: string): string | null;
  /** Nothing of the instance is left on this host. */
  gone(wish: InstanceWish): void;
  warn(message: string, cause?: unknown): void;
}>;
