import type { HypervisorCall, InstanceSight, InstanceWish } from '@strata/contracts';
import { HypervisorError } from '@strata/hypervisor';
import { carryOut, kindOf } from './actions.js';
import type { HostView } from './lookout.js';
import { appliedOf, driftOf, reconcile } from './reconcile.js';
import type { Action, Plan, Seen } from './reconcile.js';
import type { Unnumbered } from './reporter.js';
import { backoff } from './workplace.js';
import type { Workplace } from './workplace.js';

/**
 * What went wrong last, in which plan, and when the same action may be tried again: at a moment; on the next round, when others may have
 * cleared the way; or only for a new wish, because the hypervisor refused what this one asks.
 */
type Failure = Readonly<{
  action: Action;
  plan: string;
  message: string;
  attempts: number;
  again: number | 'round' | 'wish';
}>;

/** Enough for the tree of causes; a guest that fails for hours must not fill the memory. */
const CALLS_KEPT = 50;

/** Tends to one instance: looks, plans, acts, and looks again until there is nothing to do now. Never two things at once. */
export class InstanceWorker {
  #busy = false;
  #again = false;
  #dismissed = false;
  #repeat = true;
  #askedAt: string | undefined;
  #rebooted: number | undefined;
  #leftNothing = false;
  #repairs: string | null = null;
  #failure: Failure | undefined;
  #calls: HypervisorCall[] = [];
  #bootEnded: () => void = () => undefined;

  constructor(
    private newest: InstanceWish,
    private readonly place: Workplace,
  ) {}

  get wish(): InstanceWish {
    return this.newest;
  }

  /** The instance was wished to be gone, and is. */
  get leftNothing(): boolean {
    return this.#leftNothing && this.newest.presence === 'absent';
  }

  /** Takes a wish, on a round over everything or in between. */
  take(wish: InstanceWish, round: 'everything' | 'some'): void {
    const anew = !sameAim(wish, this.newest);
    if (anew) this.#askedAt = undefined;
    if (anew || round === 'everything') this.#repairs = null;
    if (anew || (round === 'everything' && this.#failure?.again === 'round')) this.#failure = undefined;
    this.#repeat ||= round === 'everything';
    this.newest = wish;
  }

  /** Nobody wishes anything of this instance any more: what is under way ends, nothing new begins. */
  dismiss(): void {
    this.#dismissed = true;
    this.#bootEnded();
  }

  /** The hypervisor does not answer. That changes nothing, and is said. */
  saySilent(reason: string): void {
    const { instanceId, applied } = this.newest;
    const unknown = { disk: 'unknown', power: 'unknown', guestAgent: false, problem: null } as const;
    this.#offer({ instanceId, applied, reason, ...unknown });
  }

  async tend(view: HostView): Promise<void> {
    this.#again = true;
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let given: HostView | undefined = view; this.#again && !this.#dismissed; given = undefined) {
        this.#again = false;
        await this.#work(given ?? (await this.place.look()));
      }
    } finally {
      this.#busy = false;
    }
  }

  async #work(first: HostView): Promise<void> {
    let done = '';
    for (let view = first; !this.#dismissed; view = await this.place.look()) {
      const wish = this.newest;
      const seen = this.#seen(wish, view);
      if (seen.domain?.power !== 'on' || seen.domain.guestAgent) this.#bootEnded();
      const plan = reconcile(wish, seen, this.place.clock.now());
      const [next] = plan.actions;
      this.#repairs = plan.repairs ?? this.#repairs;
      const planned = JSON.stringify(plan.actions);
      // What failed stands only as long as nothing else comes first: a guest that vanished is defined before it is started.
      if (this.#failure?.plan !== planned && !same(this.#failure?.action, next)) this.#failure = undefined;
      // A driver that says yes and does nothing must not keep this loop turning.
      if (next && done === planned) {
        const message = `the hypervisor took ${next.verb}, but nothing came of it`;
        this.#fail(next, plan, new HypervisorError('retryable', message));
      }
      if (next === undefined || this.#isHeldBack()) return this.#settle(wish, seen, plan);
      done = (await this.#carryOut(wish, seen, plan)) ? planned : '';
    }
  }

  #seen(wish: InstanceWish, view: HostView): Seen {
    const { instanceId, spec } = wish;
    return {
      disk: view.disks.has(instanceId) ? 'present' : 'absent',
      network: view.networks.has(spec.lease.networkId) ? 'present' : 'absent',
      lease: view.hasLease(spec.lease) ? 'reserved' : 'free',
      domain: view.domains.get(instanceId),
      askedAt: this.#askedAt,
      rebooted: this.#rebooted,
    };
  }

  /** Answers whether all of the plan was carried out, for a wish that still holds. */
  async #carryOut(wish: InstanceWish, seen: Seen, plan: Plan): Promise<boolean> {
    for (const action of plan.actions) {
      try {
        const kind = kindOf(action);
        const echo = kind === 'boot' ? () => this.#boot() : undefined;
        await this.place.slots[kind].run(() => this.#perform(wish, action), echo);
      } catch (error) {
        this.#fail(action, plan, error);
        return false;
      }
      if (same(this.#failure?.action, action)) this.#failure = undefined;
      if (!this.#holds(wish)) return false;
      // Whoever waits for the disk need not wait for the guest.
      if (action.verb === 'ensureRoot') this.#offer(sightOf(wish, { ...seen, disk: 'present' }, null, null));
    }
    return true;
  }

  #holds(wish: InstanceWish): boolean {
    return !this.#dismissed && sameAim(wish, this.newest);
  }

  async #perform(wish: InstanceWish, action: Action): Promise<void> {
    // While this action waited for its turn, somebody may have wished something else.
    if (!this.#holds(wish)) return;
    const { clock } = this.place;
    const begun = Date.parse(clock.now());
    let outcome: HypervisorCall['outcome'] = 'ok';
    try {
      await carryOut(this.place.hypervisor, wish, action);
      if (action.verb === 'requestShutdown') this.#askedAt = clock.now();
      if (action.verb === 'reboot') this.#rebooted = wish.revision;
    } catch (error) {
      outcome = error instanceof HypervisorError ? error.outcome : 'unknown';
      throw error;
    } finally {
      this.#calls.push({ verb: action.verb, ms: Date.parse(clock.now()) - begun, outcome });
      if (this.#calls.length > CALLS_KEPT) this.#calls.shift();
    }
  }

  /** Resolves when the guest has booted as far as one can tell, or has had its time. */
  #boot(): Promise<void> {
    this.#bootEnded();
    if (this.place.limits.bootMs === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const callOff = this.place.clock.after(this.place.limits.bootMs, resolve);
      this.#bootEnded = () => {
        callOff();
        resolve();
      };
    });
  }

  #fail(action: Action, plan: Plan, error: unknown): void {
    const { clock, limits, warn } = this.place;
    const { instanceId, presence } = this.newest;
    if (!(error instanceof HypervisorError)) warn(`${action.verb} of ${instanceId} broke`, error);
    const message = error instanceof Error ? error.message : String(error);
    const attempts = same(this.#failure?.action, action) ? (this.#failure?.attempts ?? 0) + 1 : 1;
    const refused = error instanceof HypervisorError && error.outcome === 'refused';
    // An address may be freed by others, and a removal has no revision that could ask for it once more.
    const byRound = action.verb === 'reserve' || presence === 'absent';
    const at = Date.parse(clock.now()) + backoff(limits, attempts);
    const again = refused ? (byRound ? 'round' : 'wish') : at;
    this.#failure = { action, plan: JSON.stringify(plan.actions), message, attempts, again };
  }

  #isHeldBack(): boolean {
    const again = this.#failure?.again;
    return again === 'round' || again === 'wish' || (again ?? 0) > Date.parse(this.place.clock.now());
  }

  #settle(wish: InstanceWish, seen: Seen, plan: Plan): void {
    this.#offer(sightOf(wish, seen, this.#repairs, this.#problem(wish, seen, plan)));
    this.#wakeLater(wish, seen, plan);
    if (wish.presence === 'present' || seen.disk === 'present' || seen.domain !== undefined) return;
    this.#leftNothing = true;
    this.place.gone(wish);
  }

  #problem(wish: InstanceWish, seen: Seen, plan: Plan): InstanceSight['problem'] {
    if (plan.lost !== null) return { message: plan.lost, final: true };
    const failure = this.#failure;
    // A guest that refuses to be asked is forced later: until then nothing is final.
    const forcedLater = wish.forceAt !== null && Date.parse(wish.forceAt) > Date.parse(this.place.clock.now());
    if (failure) return { message: failure.message, final: failure.again === 'wish' && !forcedLater };
    const network =
      seen.network === 'absent' && plan.waiting ? this.place.networkProblem(wish.spec.lease.networkId) : null;
    return network === null ? null : { message: network, final: false };
  }

  #wakeLater(wish: InstanceWish, seen: Seen, plan: Plan): void {
    const { clock, limits, wake } = this.place;
    const now = Date.parse(clock.now());
    const moments: number[] = [];
    if (typeof this.#failure?.again === 'number') moments.push(this.#failure.again);
    if (plan.waiting && seen.domain !== undefined) {
      moments.push(now + limits.waitMs);
      if (wish.forceAt !== null && Date.parse(wish.forceAt) > now) moments.push(Date.parse(wish.forceAt));
    }
    if (moments.length > 0) wake(wish.instanceId, Math.min(...moments) - now);
  }

  #offer(sight: Omit<Unnumbered<InstanceSight>, 'calls'>): void {
    if (!this.place.reporter.instance({ ...sight, calls: this.#calls }, this.#repeat)) return;
    this.#repeat = false;
    this.#calls = [];
  }
}

const sightOf = (
  wish: InstanceWish,
  seen: Seen,
  repairs: string | null,
  problem: InstanceSight['problem'],
): Omit<Unnumbered<InstanceSight>, 'calls'> => ({
  instanceId: wish.instanceId,
  disk: seen.disk,
  power: seen.domain?.power ?? 'absent',
  applied: appliedOf(wish, seen),
  guestAgent: seen.domain?.guestAgent ?? false,
  reason: repairs ?? driftOf(wish, seen),
  problem,
});

const same = (one: Action | undefined, other: Action | undefined): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

const sameAim = (one: InstanceWish, other: InstanceWish): boolean =>
  one.presence === other.presence && one.power === other.power && one.revision === other.revision;
