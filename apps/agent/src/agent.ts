import type { HostDescription, HostServices, InstanceWish } from '@strata/contracts';
import type { Hypervisor } from '@strata/hypervisor';
import type { Clock } from './clock.js';
import type { ControlPlane } from './control-plane.js';
import { ImageWorker } from './image-worker.js';
import { InstanceWorker } from './instance-worker.js';
import { Lookout } from './lookout.js';
import type { HostView } from './lookout.js';
import { NetworkWorker } from './network-worker.js';
import { Pump } from './pump.js';
import { Reporter } from './reporter.js';
import { Slots } from './slots.js';
import { Silence, backoff, defaultLimits } from './workplace.js';
import type { Limits, Workplace } from './workplace.js';

export type AgentOptions = Readonly<{
  hostId: string;
  name: string;
  hypervisor: Hypervisor;
  controlPlane: ControlPlane;
  clock: Clock;
  limits?: Partial<Limits>;
  /** Told what an operator should know. */
  warn?: (message: string, cause?: unknown) => void;
}>;

/**
 * The agent of one host. It takes wishes, drives the hypervisor until the host is as wished, and reports what it sees. It
 * keeps no truth: what it remembers makes it quicker or quieter, and a new agent on the same host goes on where it ended.
 *
 * A nudge, an event of the hypervisor and a timer all do the same: they say which instances to look at, or that all are.
 */
export class Agent {
  readonly #limits: Limits;
  readonly #lookout: Lookout;
  readonly #reporter: Reporter;
  readonly #place: Workplace;
  readonly #networks: NetworkWorker;
  readonly #images: ImageWorker;
  readonly #workers = new Map<string, InstanceWorker>();
  readonly #wakes = new Map<string, Readonly<{ at: number; callOff: () => void }>>();
  readonly #strangers = new Set<string>();
  readonly #underWay = new Set<Promise<void>>();
  readonly #pump: Pump;
  #touched = new Set<string>();
  #everything = true;
  #connected = false;
  #stopped = false;
  /** How often in a row the hypervisor did not answer, and what it said last. */
  #silences = 0;
  #silence: unknown;
  #endings: (() => void)[] = [];
  #callOffRound: () => void = () => undefined;

  constructor(private readonly options: AgentOptions) {
    const { clock, controlPlane, hostId, hypervisor } = options;
    const warn = options.warn ?? ((message: string) => process.emitWarning(message));
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#lookout = new Lookout(hypervisor);
    this.#reporter = new Reporter((sights) => controlPlane.report(hostId, sights), clock, warn);
    const failed = (cause: unknown) => warn('the agent could not take its wishes; it will try again', cause);
    this.#pump = new Pump(() => this.#pass(), failed, clock, this.#limits.retryMs, this.#limits.lingerMs);
    const { boots, concurrent } = this.#limits;
    this.#place = {
      hypervisor,
      clock,
      limits: this.#limits,
      reporter: this.#reporter,
      slots: { boot: new Slots(boots), teardown: new Slots(concurrent), other: new Slots(concurrent) },
      look: () => this.#look(),
      wake: (instanceId, ms) => this.#wake(instanceId, ms),
      networkProblem: (networkId) => this.#networks.problemOf(networkId),
      gone: ({ spec }) => this.#networks.freed(spec.lease.networkId),
      warn,
    };
    this.#networks = new NetworkWorker(
      this.#place,
      (networkId) => this.#usersOf(networkId).length > 0,
      (networkId) => this.#touch(this.#usersOf(networkId)),
    );
    this.#images = new ImageWorker(this.#place);
  }

  /** Resolves when the host was announced, or could not be yet: then the agent goes on trying. */
  async start(): Promise<void> {
    try {
      await this.#connect();
    } catch (cause) {
      this.#place.warn(`host ${this.options.hostId} could not be announced yet`, cause);
    }
    this.#pump.ring();
  }

  /** Resolves when nothing is under way any more, or within the limit. Guests keep running. */
  async stop(): Promise<void> {
    for (const worker of this.#workers.values()) worker.dismiss();
    this.#images.stop();
    const quiet = Promise.all([this.#pump.stop(), Promise.allSettled(this.#underWay), this.#reporter.stop()]);
    await new Promise<void>((resolve, reject) => {
      const callOff = this.options.clock.after(this.#limits.stopMs, resolve);
      quiet.then(() => resolve(), reject).finally(callOff);
    });
    this.#stopped = true;
    this.#callOffRound();
    for (const end of this.#endings) end();
    for (const { callOff } of this.#wakes.values()) callOff();
  }

  async #connect(): Promise<void> {
    const { hostId, name, hypervisor, controlPlane } = this.options;
    const [facts, freeRange] = await Promise.all([hypervisor.facts(), hypervisor.networks.freeRange()]);
    const host: HostDescription = { hostId, name, ...facts, freeRange };
    const services: HostServices = {
      exec: (instanceId, argv, timeoutMs) => hypervisor.guests.exec(instanceId, argv, timeoutMs),
      log: (instanceId, bytes) => hypervisor.guests.log(instanceId, bytes),
    };
    const { epoch } = await controlPlane.connect(host, services);
    this.#reporter.begin(epoch);
    this.#connected = true;
    this.#endings = [
      controlPlane.onNudge(hostId, (instanceIds) => this.#touch(instanceIds)),
      hypervisor.domains.watch((instanceId) => this.#hint(instanceId)),
    ];
  }

  // ── What makes the agent look ──────────────────────────────────

  #touch(instanceIds: readonly string[] | undefined): void {
    if (instanceIds === undefined) this.#everything = true;
    else for (const instanceId of instanceIds) this.#touched.add(instanceId);
    this.#pump.ring();
  }

  /** A guest that nobody wishes is no reason to ask for its wish. */
  #hint(instanceId: string | undefined): void {
    if (instanceId === undefined) this.#touch(undefined);
    else if (this.#workers.has(instanceId)) this.#touch([instanceId]);
  }

  #wake(instanceId: string, ms: number): void {
    const at = Date.parse(this.options.clock.now()) + ms;
    const planned = this.#wakes.get(instanceId);
    if (planned !== undefined && planned.at <= at) return;
    planned?.callOff();
    const callOff = this.options.clock.after(ms, () => {
      this.#wakes.delete(instanceId);
      this.#touch([instanceId]);
    });
    this.#wakes.set(instanceId, { at, callOff });
  }

  // ── One pass: wishes, a look, and to work ──────────────────────

  async #pass(): Promise<void> {
    if (!this.#connected) await this.#connect();
    const round = this.#everything ? 'everything' : 'some';
    const touched = this.#touched;
    if (round === 'some' && touched.size === 0) return;
    this.#everything = false;
    this.#touched = new Set();
    try {
      await this.#tend(round, [...touched]);
    } catch (error) {
      if (error instanceof Silence) return;
      // What this pass was to look at is still to be looked at.
      this.#everything ||= round === 'everything';
      for (const instanceId of touched) this.#touched.add(instanceId);
      throw error;
    }
  }

  async #tend(round: 'everything' | 'some', touched: readonly string[]): Promise<void> {
    const { controlPlane, hostId } = this.options;
    const wishes = await controlPlane.wishes(hostId, round === 'everything' ? undefined : touched);
    const workers = wishes.instances.map((wish) => this.#workerOf(wish, round));
    const wished = new Set(wishes.instances.map(({ instanceId }) => instanceId));
    for (const instanceId of round === 'everything' ? [...this.#workers.keys()] : touched) {
      if (!wished.has(instanceId)) this.#dismiss(instanceId);
    }
    this.#networks.take(wishes.networks, round);
    this.#images.take(wishes.images, round);
    if (round === 'everything') this.#planRound(this.#limits.roundMs);
    const view = round === 'everything' ? await this.#view() : await this.#look();
    this.#networks.settle(view);
    for (const worker of workers) this.#follow(worker.tend(view));
    if (round === 'everything') this.#noticeStrangers(view);
  }

  #workerOf(wish: InstanceWish, round: 'everything' | 'some'): InstanceWorker {
    const worker = this.#workers.get(wish.instanceId) ?? new InstanceWorker(wish, this.#place);
    worker.take(wish, round);
    this.#workers.set(wish.instanceId, worker);
    return worker;
  }

  #dismiss(instanceId: string): void {
    this.#workers.get(instanceId)?.dismiss();
    this.#workers.delete(instanceId);
    this.#reporter.forgetInstance(instanceId);
  }

  #planRound(ms: number): void {
    this.#callOffRound();
    if (!this.#stopped) this.#callOffRound = this.options.clock.after(ms, () => this.#touch(undefined));
  }

  #follow(work: Promise<void>): void {
    const followed = work
      .catch((error: unknown) => {
        if (!(error instanceof Silence)) this.#place.warn('the work on an instance broke', error);
      })
      .finally(() => this.#underWay.delete(followed));
    this.#underWay.add(followed);
  }

  /** A guest that no wish knows may hold somebody's data: it is left alone, and an operator hears of it once. */
  #noticeStrangers(view: HostView): void {
    for (const instanceId of view.domains.keys()) {
      if (this.#workers.has(instanceId) || this.#strangers.has(instanceId)) continue;
      this.#strangers.add(instanceId);
      this.#place.warn(`host ${this.options.hostId} has a guest ${instanceId} that nobody wishes; it is left alone`);
    }
  }

  #usersOf(networkId: string): readonly string[] {
    const uses = ({ wish, leftNothing }: InstanceWorker) => wish.spec.lease.networkId === networkId && !leftNothing;
    return [...this.#workers.values()].filter(uses).map(({ wish }) => wish.instanceId);
  }

  // ── Looking, and not being answered ────────────────────────────

  /** A look that is the first to be answered again begins a round over everything. */
  async #look(): Promise<HostView> {
    const wasSilent = this.#silences > 0;
    const view = await this.#view();
    if (wasSilent) this.#touch(undefined);
    return view;
  }

  async #view(): Promise<HostView> {
    try {
      const view = await this.#lookout.look();
      this.#silences = 0;
      return view;
    } catch (error) {
      this.#fallSilent(error);
      throw new Silence('the hypervisor does not answer', { cause: error });
    }
  }

  #fallSilent(error: unknown): void {
    // Everybody who shared the look meets the same error.
    if (error === this.#silence) return;
    this.#silence = error;
    const reason = error instanceof Error ? error.message : String(error);
    if (this.#silences === 0) this.#place.warn(`the hypervisor of host ${this.options.hostId} does not answer`, error);
    this.#silences += 1;
    this.#networks.forgetEverything();
    for (const worker of this.#workers.values()) worker.saySilent(reason);
    this.#planRound(backoff(this.#limits, this.#silences));
  }
}
