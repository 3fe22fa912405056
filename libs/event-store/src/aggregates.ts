import { Rejection } from '@strata/event-sourcing';
import type { Decider, Event, Meta } from '@strata/event-sourcing';
import type { EventLog } from './event-log.js';
import type { Appended, NewEvent, Recorded, Stored } from './event.js';
import { Past } from './past.js';
import { Damage } from './proof/damage.js';
import { Recent } from './recent.js';

/** What a command came to. No events means: already so. */
export type Outcome = Readonly<{ rejection: Rejection }> | Readonly<{ events: readonly Recorded[]; version: number }>;

/** A stream's state, folded up to a version, which is the event at a position. */
export type Held<S> = Readonly<{ state: S; version: number; position: number }>;

type Asked = Readonly<{ meta: Meta }>;
type Order<C> = Readonly<{ command: C; answer: (outcome: Outcome) => void; fail: (error: unknown) => void }>;
type Decided<C> = Readonly<{ order: Order<C>; decision: readonly NewEvent[] | Rejection }>;

/** Two processes may write one stream, but not so often that this many tries all lose. */
const TRIES = 8;
const GROUP = 512;
/** How many events of a stream are read at a time. */
const PAGE = 2_000;

/**
 * Carries out commands. Those for one stream queue up: whatever waits is decided in order on one state in memory and
 * appended as one group, so that a busy stream costs few commits and its commands never race each other.
 */
export class Aggregates {
  readonly #kinds = new WeakMap<object, object>();

  constructor(
    private readonly log: EventLog,
    private readonly damage = new Damage(),
    /** How many states, and how many answers, each kind of aggregate keeps in memory. */
    private readonly kept = 4_000,
    private readonly past = new Past(),
  ) {}

  /**
   * A command id sent again for the same stream gets the answer of the first time and is not decided anew. Rejections
   * are remembered nowhere.
   * @throws when the rules throw, or when the log is out of reach
   */
  execute<C extends Asked, E extends Event, S>(
    decider: Decider<C, E, S>,
    stream: string,
    command: C,
  ): Promise<Outcome> {
    return this.#kind(decider).execute(stream, command);
  }

  /** The present state, for those who must look before they ask. */
  load<C extends Asked, E extends Event, S>(decider: Decider<C, E, S>, stream: string): Promise<Held<S>> {
    return this.#kind(decider).refresh(stream);
  }

  /** The state as it is at a position that was the head a moment ago: what came since is left out. */
  async loadUpTo<C extends Asked, E extends Event, S>(
    decider: Decider<C, E, S>,
    stream: string,
    position: number,
  ): Promise<S> {
    return this.#kind(decider).upTo(stream, position);
  }

  /** The state as it was at a position. */
  async loadAsOf<C extends Asked, E extends Event, S>(
    decider: Decider<C, E, S>,
    stream: string,
    position: number,
  ): Promise<S> {
    return this.#kind(decider).asOf(stream, position);
  }

  #kind<C extends Asked, E extends Event, S>(decider: Decider<C, E, S>): Kind<C, E, S> {
    // The map is keyed by the decider, so what lies under it was made below for exactly these types.
    const known = this.#kinds.get(decider) as Kind<C, E, S> | undefined;
    if (known) return known;
    const made = new Kind(decider, this.log, this.damage, this.kept, this.past);
    this.#kinds.set(decider, made);
    return made;
  }
}

/** All aggregates that follow the same rules. */
class Kind<C extends Asked, E extends Event, S> {
  readonly #queues = new Map<string, Order<C>[]>();
  readonly #held: Recent<string, Held<S>>;
  readonly #answers: Recent<string, Promise<Outcome>>;

  constructor(
    private readonly decider: Decider<C, E, S>,
    private readonly log: EventLog,
    private readonly damage: Damage,
    kept: number,
    private readonly past: Past,
  ) {
    this.#held = new Recent(kept);
    this.#answers = new Recent(kept);
  }

  execute(stream: string, command: C): Promise<Outcome> {
    const key = `${command.meta.commandId} ${stream}`;
    const known = this.#answers.get(key);
    if (known) return known;
    const answer = this.#enqueue(stream, command);
    this.#answers.set(key, answer);
    const forget = () => this.#answers.delete(key);
    answer.then((outcome) => 'rejection' in outcome && forget(), forget);
    return answer;
  }

  /** Page by page, so that the longest stream is folded in little memory. */
  async refresh(stream: string): Promise<Held<S>> {
    let held = this.#heldOf(stream);
    for (let isMore = true; isMore;) {
      const page = await this.log.readStream(stream, held.version, PAGE);
      held = this.#keep(stream, this.#fold(held, page));
      isMore = page.length >= PAGE;
    }
    return held;
  }

  /** From the state in memory, which is rarely newer. */
  async upTo(stream: string, position: number): Promise<S> {
    const held = this.#heldOf(stream);
    if (held.position > position) return this.asOf(stream, position);
    const events = await this.log.readStream(stream, held.version);
    const folded = this.#fold(
      held,
      events.filter((event) => event.position <= position),
    );
    return this.#keep(stream, folded).state;
  }

  /** From an earlier state in memory, or from the first event. */
  async asOf(stream: string, position: number): Promise<S> {
    const held = this.#held.get(stream);
    if (held && held.position <= position) return this.upTo(stream, position);
    const { state } = await this.past.at<Held<S>>(`${this.decider.name} ${stream}`, position, async (earlier) => {
      let it = earlier?.value ?? this.#nothing;
      for await (const page of this.log.scan(it.position, position, { stream })) it = this.#fold(it, page);
      return { value: it, position, weight: it.version };
    });
    return state;
  }

  get #nothing(): Held<S> {
    return { state: this.decider.initialState, version: 0, position: 0 };
  }

  #heldOf(stream: string): Held<S> {
    return this.#held.get(stream) ?? this.#nothing;
  }

  #enqueue(stream: string, command: C): Promise<Outcome> {
    return new Promise((answer, fail) => {
      const order = { command, answer, fail };
      const queue = this.#queues.get(stream);
      if (queue) return void queue.push(order);
      const fresh = [order];
      this.#queues.set(stream, fresh);
      void this.#drain(stream, fresh);
    });
  }

  async #drain(stream: string, queue: Order<C>[]): Promise<void> {
    while (queue.length > 0) await this.#settle(stream, queue.splice(0, GROUP));
    this.#queues.delete(stream);
  }

  /** Alone again, if together failed: an event the log cannot take must not hurt its neighbours. */
  async #settle(stream: string, orders: readonly Order<C>[]): Promise<void> {
    try {
      await this.#carryOut(stream, orders);
    } catch (error) {
      if (orders.length === 1) return orders[0]?.fail(error);
      for (const order of orders) await this.#settle(stream, [order]);
    }
  }

  async #carryOut(stream: string, orders: readonly Order<C>[]): Promise<void> {
    // A stream that is not held is most often a new one. If it is not, its version says so, and it is read then.
    let held = this.#heldOf(stream);
    let pending = orders;
    for (let tries = 1; pending.length > 0; tries++) {
      if (tries > TRIES) throw new Error(`${stream} changes faster than it can be read: ${TRIES} tries lost`);
      const { decided, state } = this.#decide(stream, pending, held);
      const loud = decided.filter(({ decision }) => !isSilent(decision));
      const silent = decided.filter(({ decision }) => isSilent(decision));

      const answers = await this.#append(stream, held.version, loud);
      const { version, stored } = await this.#recall(stream, held.version, silent);
      const isThrough = answers.every(({ outcome }) => outcome === 'appended');
      // A silent answer is as good as the state it was read from: an append has just proven that, or the version does.
      const isCurrent = loud.length > 0 ? isThrough : version === held.version;
      if (isThrough && isCurrent) {
        const last = answers.at(-1);
        held = { state, version: last?.version ?? held.version, position: positionOf(last) ?? held.position };
      }

      const again = new Set<Order<C>>();
      loud.forEach(({ order }, index) => {
        const answer = answers[index];
        if (answer === undefined || answer.outcome === 'conflict') again.add(order);
        else order.answer({ events: answer.events, version: answer.version });
      });
      for (const { order, decision } of silent) {
        const before = stored.get(order.command.meta.commandId);
        if (before) order.answer(before);
        else if (!isCurrent) again.add(order);
        else if (decision instanceof Rejection) order.answer({ rejection: decision });
        else order.answer({ events: [], version: held.version });
      }

      if (isThrough && isCurrent) this.#held.set(stream, held);
      else held = await this.refresh(stream);
      pending = pending.filter((order) => again.has(order));
    }
  }

  /** Decides in order, each command on what those before it would leave behind. A rule that throws fails only its own. */
  #decide(stream: string, orders: readonly Order<C>[], held: Held<S>) {
    const closed = this.damage.refusalFor(stream);
    const decided: Decided<C>[] = [];
    let { state } = held;
    for (const order of orders) {
      try {
        const made = this.decider.decide(order.command, state);
        // A refusal would rest on what never happened. What is already so hurts nothing, and what was stored once is recalled.
        const isAlreadySo = !(made instanceof Rejection) && made.length === 0;
        const decision = closed && !isAlreadySo ? closed : made;
        if (!(decision instanceof Rejection)) {
          state = decision.reduce((before, event) => this.decider.evolve(before, event), state);
        }
        decided.push({ order, decision });
      } catch (error) {
        order.fail(error);
      }
    }
    return { decided, state };
  }

  async #append(stream: string, expectedVersion: number, loud: readonly Decided<C>[]): Promise<readonly Appended[]> {
    if (loud.length === 0) return [];
    const commands = loud.map(({ order, decision }) => ({
      events: decision instanceof Rejection ? [] : decision,
      meta: order.command.meta,
    }));
    return this.log.appendAll({ stream, expectedVersion, commands });
  }

  /** A command that now comes to nothing may be the second copy of one that once did something. */
  async #recall(stream: string, version: number, silent: readonly Decided<C>[]) {
    if (silent.length === 0) return { version, stored: new Map<string, Stored>() };
    const ids = silent.map(({ order }) => order.command.meta.commandId);
    const { version: present, commands } = await this.log.recall(stream, ids);
    return { version: present, stored: commands };
  }

  #fold(held: Held<S>, events: readonly Recorded[]): Held<S> {
    let { state, version, position } = held;
    for (const event of events) {
      // A stream holds what its decider decided, so each of its events is one of E.
      state = this.decider.evolve(state, event as Recorded<E>);
      ({ version, position } = event);
    }
    return { state, version, position };
  }

  #keep(stream: string, held: Held<S>): Held<S> {
    if (held.version >= this.#heldOf(stream).version) this.#held.set(stream, held);
    return held;
  }
}

const isSilent = (decision: readonly NewEvent[] | Rejection) => decision instanceof Rejection || decision.length === 0;

const positionOf = (answer: Appended | undefined) =>
  answer && 'events' in answer ? answer.events.at(-1)?.position : undefined;
