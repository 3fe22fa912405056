import { Logger } from '@nestjs/common';
import { UnknownEvent } from '@strata/event-sourcing';
import { AlreadyMoved, FencedOff, Transaction } from './checkpoints.js';
import type { Checkpoints, Claim, Parked } from './checkpoints.js';
import { SystemClock } from './clock.js';
import type { Clock } from './clock.js';
import { Bell } from './doorbell.js';
import type { EventLog } from './event-log.js';
import type { Recorded } from './event.js';
import { outageIn } from './outage.js';

export type SubscriptionOptions = Readonly<{
  /** Unique in its store: the cursor's name. */
  name: string;
  log: EventLog;
  /** Where to begin when there is no cursor yet. */
  from: 'start' | 'head';
  /** The effect. What it does through `tx` happens exactly once; anything else may happen again. */
  handle(batch: readonly Recorded[], tx: Transaction): Promise<void>;
  /** Which events have an effect; all of them, unless said otherwise. Past the others the cursor moves in memory. */
  concerns?(event: Recorded): boolean;
  /**
   * `outside`: the effect does not use the transaction and may happen again, so the cursor follows it when it can: after a
   * crash, up to {@link LEEWAY} events are told again. `single`: the effect is one statement, or says that it is not.
   */
  effect?: 'inside' | 'outside' | 'single';
  /** Told of a batch whose effect had happened already, when only the answer to its commit was lost. */
  repeated?(batch: readonly Recorded[]): void;
  /** Milliseconds from one batch to the next: under load batches grow instead of following each other at once. */
  lingerMs?: number;
  batchSize?: number;
  /** How often a batch, and then an event alone, may fail before it is parked. */
  tries?: number;
  clock?: Clock;
}>;

/** Thrown by a handler when the world is not ready, and nothing is wrong with the event: it is tried until it works. */
export class TryLater extends Error {}

/** The log did not continue where the subscription stood. Something was lost, and going on would hide it. */
export class EventsMissing extends Error {
  constructor(name: string, position: number, found: number) {
    super(`"${name}" stands at ${position}, and the log goes on at ${found}`);
  }
}

const LONGEST_PAUSE = 1_000;

/** To try again would not help, and to go on would be wrong. */
const isFinal = (error: unknown): error is Error =>
  error instanceof FencedOff || error instanceof EventsMissing || error instanceof UnknownEvent;

/** How many events a cursor that moved in memory may be ahead of the one that is kept. */
const LEEWAY = 1_000;

/**
 * Tells a handler every event of a log, in order: first what was missed, then what comes. One event that cannot be
 * dealt with is parked, with all that follow in its stream; other streams go on.
 */
export class Subscription {
  readonly name: string;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #bell = new Bell();
  readonly #waiting = new Set<() => void>();
  readonly #tasks: (() => Promise<void>)[] = [];
  readonly #ended: Promise<void>;
  #claim: Claim;
  #position: number;
  /** The position that is kept: never ahead of the one in memory. */
  #kept: number;
  #hurry: () => void = () => undefined;
  #lastBatch = Number.NEGATIVE_INFINITY;
  #parked: ReadonlySet<string>;
  #state: 'running' | 'paused' | 'stopped' = 'running';
  #failure: Error | undefined;

  /** Claims the cursor and begins. @throws when the cursor is ahead of the log */
  static async start(options: SubscriptionOptions, checkpoints: Checkpoints): Promise<Subscription> {
    const head = await options.log.head();
    const claim = await checkpoints.claim(options.name, options.from === 'head' ? head : 0);
    if (claim.position > head) throw new EventsMissing(options.name, claim.position, head);
    const parked = await checkpoints.parked(options.name);
    const subscription = new Subscription(options, checkpoints, claim, new Set(parked.map(({ stream }) => stream)));
    // A process that starts is often one that was mended. What still cannot be dealt with stays parked, and is logged.
    if (parked.length > 0) subscription.redrive().catch(() => undefined);
    return subscription;
  }

  private constructor(
    private readonly options: SubscriptionOptions,
    private readonly checkpoints: Checkpoints,
    claim: Claim,
    parked: ReadonlySet<string>,
  ) {
    this.name = options.name;
    this.#logger = new Logger(`subscription ${options.name}`);
    this.#clock = options.clock ?? new SystemClock();
    this.#claim = claim;
    this.#position = claim.position;
    this.#kept = claim.position;
    this.#parked = parked;
    const silence = options.log.onAppend(() => this.#bell.ring());
    this.#ended = this.#run().finally(silence);
  }

  /** The position of the last event dealt with. */
  get position() {
    return this.#position;
  }

  /** The position that is kept: between it and {@link position} lies nothing that had an effect. */
  get kept() {
    return this.#kept;
  }

  /** Why it stopped by itself, if it did: fenced off by another process, or events are missing or of a newer release. */
  get failure() {
    return this.#failure;
  }

  /** The streams of which an event is parked, and every later one with it. */
  get parkedStreams(): ReadonlySet<string> {
    return this.#parked;
  }

  /** How many events it is behind. */
  async lag(): Promise<number> {
    return (await this.options.log.head()) - this.#position;
  }

  get isPaused(): boolean {
    return this.#state === 'paused';
  }

  pause(): void {
    if (this.#state === 'running') this.#state = 'paused';
  }

  resume(): void {
    if (this.#state === 'paused') this.#state = 'running';
    this.#bell.ring();
  }

  /** Ends after the batch in hand. */
  async stop(): Promise<void> {
    this.#state = 'stopped';
    this.#hurry();
    this.#bell.ring();
    await this.#ended;
  }

  /** @throws when it is not there in time, or has failed */
  async waitFor(position: number, milliseconds = 5_000): Promise<void> {
    if (this.#position >= position) return;
    await new Promise<void>((resolve, reject) => {
      const done = (error?: Error) => {
        callOff();
        this.#waiting.delete(look);
        if (error) reject(error);
        else resolve();
      };
      const look = () => {
        if (this.#position >= position) done();
        else if (this.#failure) done(this.#failure);
        else if (this.#state === 'stopped') done(new Error(`"${this.name}" has been stopped`));
      };
      const late = () =>
        done(new Error(`"${this.name}" is at ${this.#position}, not at ${position}, after ${milliseconds} ms`));
      const callOff = this.#clock.after(milliseconds, late);
      this.#waiting.add(look);
      this.#hurry();
      look();
    });
  }

  parked(): Promise<readonly Parked[]> {
    return this.checkpoints.parked(this.name);
  }

  /** Tries what is parked again, oldest first; a stream whose event fails again stays parked from there on. */
  redrive(): Promise<Readonly<{ done: number; left: number }>> {
    return this.between(async () => {
      const stuck = new Set<string>();
      let done = 0;
      const parked = await this.parked();
      for (const { stream, position } of parked) {
        if (stuck.has(stream)) continue;
        const [event] = await this.options.log.read(position - 1, 1);
        if (event?.position !== position) throw new EventsMissing(this.name, position - 1, event?.position ?? 0);
        try {
          await this.checkpoints.transaction(async (tx) => {
            await this.#move(tx, this.#position);
            await this.options.handle([event], tx);
            await this.checkpoints.unpark(tx, this.name, [position]);
          });
          done++;
        } catch (error) {
          if (error instanceof FencedOff || outageIn(error) || error instanceof TryLater) throw error;
          stuck.add(stream);
          this.#logger.error(`keeps ${event.type} of ${stream} at ${position} parked: ${String(error)}`);
          await this.checkpoints.transaction((tx) => this.checkpoints.park(tx, this.name, [event], String(error)));
        }
      }
      this.#parked = stuck;
      return { done, left: parked.length - done };
    });
  }

  /** What is parked has been dealt with in another way, in the transaction. */
  async unpark(tx: Transaction): Promise<void> {
    const parked = await this.parked();
    if (parked.length === 0) return;
    await this.checkpoints.unpark(
      tx,
      this.name,
      parked.map(({ position }) => position),
    );
    tx.afterCommit(() => (this.#parked = new Set()));
  }

  /** Runs `work` when no batch is in hand; `move` puts the cursor elsewhere, in a transaction of the work's own. */
  between<T>(work: (move: (tx: Transaction, position: number) => Promise<void>) => Promise<T>): Promise<T> {
    if (this.#state === 'stopped') return Promise.reject(this.#failure ?? new Error(`"${this.name}" is not running`));
    return new Promise((resolve, reject) => {
      this.#tasks.push(() => work((tx, position) => this.#move(tx, position)).then(resolve, reject));
      this.#bell.ring();
    });
  }

  /** Goes on to a position and no further, for whoever works between two batches. */
  async goOnTo(position: number): Promise<void> {
    while (this.#position < position && this.#state !== 'stopped') {
      const most = Math.min(this.options.batchSize ?? 1_000, position - this.#position);
      const batch = await this.options.log.read(this.#position, most);
      if (batch.length === 0) throw new EventsMissing(this.name, this.#position, position);
      await this.#deliver(batch);
    }
  }

  async #run(): Promise<void> {
    for (let failures = 0; this.#state !== 'stopped';) {
      try {
        await this.#step();
        failures = 0;
      } catch (error) {
        if (isFinal(error)) this.#fail(error);
        else {
          this.#complain(error, ++failures);
          await this.#pause(failures);
        }
      }
    }
    for (const task of this.#tasks.splice(0)) await task();
    await this.#keep();
    this.#tell();
  }

  async #step(): Promise<void> {
    const task = this.#tasks.shift();
    if (task) return task();
    if (this.#state === 'paused') return this.#bell.heard();
    const batch = await this.options.log.read(this.#position, this.options.batchSize ?? 1_000);
    if (batch.length === 0) return this.#bell.heard();
    await this.#linger();
    let expected = this.#position;
    for (const { position } of batch) {
      if (position !== ++expected) throw new EventsMissing(this.name, expected - 1, position);
    }
    await this.#deliver(batch);
  }

  async #deliver(batch: readonly Recorded[]): Promise<void> {
    const tries = this.options.tries ?? 3;
    for (let [failures, outages] = [0, 0]; this.#state !== 'stopped';) {
      try {
        return await this.#commit(batch);
      } catch (error) {
        if (error instanceof FencedOff) throw error;
        if (error instanceof AlreadyMoved) return this.#skip(batch, error.position);
        // Nothing is wrong with the events: whatever is away will come back.
        if (error instanceof TryLater || outageIn(error)) this.#complain(error, ++outages);
        else if (++failures >= tries) return await this.#apart(batch, error);
        await this.#pause(failures + outages);
      }
    }
  }

  #skip(batch: readonly Recorded[], position: number): void {
    this.#kept = position;
    this.#moveInMemory(position);
    this.options.repeated?.(batch);
  }

  /** Event by event, so that only the one at fault is parked. */
  async #apart(batch: readonly Recorded[], error: unknown): Promise<void> {
    const [event] = batch;
    if (event === undefined) return;
    if (batch.length > 1) {
      for (const single of batch) await this.#deliver([single]);
      return;
    }
    this.#logger.error(`parks ${event.type} of ${event.stream} at ${event.position}: ${String(error)}`);
    await this.checkpoints.transaction(async (tx) => {
      await this.checkpoints.park(tx, this.name, [event], String(error));
      await this.#move(tx, event.position);
    });
    this.#parked = new Set([...this.#parked, event.stream]);
  }

  async #commit(batch: readonly Recorded[]): Promise<void> {
    const last = batch.at(-1);
    if (last === undefined) return;
    const { concerns = () => true, effect = 'inside', handle } = this.options;
    const concerned = batch.filter((event) => concerns(event));
    const due = concerned.filter(({ stream }) => !this.#parked.has(stream));
    const behind = this.#parked.size === 0 ? [] : concerned.filter(({ stream }) => this.#parked.has(stream));
    if (effect === 'outside' && due.length > 0) await handle(due, new Transaction());
    const isEffective = behind.length > 0 || (effect !== 'outside' && due.length > 0);
    if (!isEffective && last.position - this.#kept < LEEWAY) return this.#moveInMemory(last.position);
    await this.checkpoints.transaction(async (tx) => {
      // The cursor is moved first: its row is locked, and a process that was fenced off does nothing at all.
      await this.#move(tx, last.position, effect === 'single');
      if (behind.length > 0)
        await this.checkpoints.park(tx, this.name, behind, 'an earlier event of its stream is parked');
      if (effect !== 'outside' && due.length > 0) await handle(due, tx);
    });
  }

  async #move(tx: Transaction, position: number, waits = false): Promise<void> {
    await this.checkpoints.move(tx, this.#claim, { from: this.#kept, to: position }, waits);
    tx.afterCommit(() => {
      this.#kept = position;
      this.#moveInMemory(position);
    });
  }

  #moveInMemory(position: number) {
    this.#position = position;
    this.#tell();
  }

  /** Before it ends, so that the next process need not go over the same events. */
  async #keep(): Promise<void> {
    if (this.#kept === this.#position || this.#failure) return;
    try {
      await this.checkpoints.transaction((tx) => this.#move(tx, this.#position));
    } catch (error) {
      this.#logger.warn(`its last position is not kept, and some events will be told again: ${String(error)}`);
    }
  }

  async #linger(): Promise<void> {
    const { lingerMs = 0 } = this.options;
    const wait = this.#lastBatch + lingerMs - performance.now();
    // Somebody waits for it to get on: then it does.
    if (wait > 1 && this.#state === 'running' && this.#waiting.size === 0) {
      await new Promise<void>((resolve) => {
        const callOff = this.#clock.after(wait, resolve);
        this.#hurry = () => {
          callOff();
          resolve();
        };
      });
    }
    this.#lastBatch = performance.now();
  }

  #fail(error: Error) {
    this.#logger.error(error.message);
    this.#failure = error;
    this.#state = 'stopped';
  }

  #tell() {
    for (const look of this.#waiting) look();
  }

  /** Once, however often the same is tried again. */
  #complain(error: unknown, times: number): void {
    if (times === 1) this.#logger.warn(`${String(error)}: trying again until it works`);
  }

  async #pause(failures: number): Promise<void> {
    await this.#clock.sleep(Math.min(LONGEST_PAUSE, 20 * 2 ** failures));
  }
}
