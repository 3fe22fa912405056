import { Aggregates } from './aggregates.js';
import type { Checkpoints } from './checkpoints.js';
import type { EventLog } from './event-log.js';
import { Moment } from './moment.js';
import { Past } from './past.js';
import { Damage } from './proof/damage.js';
import type { Ledger } from './proof/ledger.js';
import { rebuild } from './rebuild.js';
import type { RebuildProgress, RebuiltAll } from './rebuild.js';
import { Subscription } from './subscription.js';
import type { SubscriptionOptions } from './subscription.js';
import { View } from './view.js';
import type { ViewDefinition } from './view-definition.js';
import type { Snapshot, ViewTable } from './view-table.js';

/** What of the views shall be folded anew; all of them, unless some are named. */
type Rebuild = Readonly<{ views?: readonly string[]; tell?(progress: RebuildProgress): void; signal?: AbortSignal }>;

/** All that one service keeps: its log, and what follows from it. An abstract class: port and Nest token in one. */
export abstract class EventStore {
  readonly aggregates: Aggregates;
  readonly #past = new Past();
  /** What is known to be wrong with the log. */
  readonly damage = new Damage();
  readonly #running = new Set<Subscription>();
  readonly #views = new Map<string, View<object, string>>();

  protected constructor(
    readonly log: EventLog,
    readonly checkpoints: Checkpoints,
    readonly ledger: Ledger,
  ) {
    this.aggregates = new Aggregates(log, this.damage, undefined, this.#past);
  }

  /** Now: everything that is stored when it is asked for. */
  async present(): Promise<Moment> {
    return new Moment(this, Math.max(await this.log.head(), this.log.known));
  }

  /** As it was when the log had come to a position, at a time before the next. @throws RangeError when it has not come so far */
  async asOf(position: number, time?: string): Promise<Moment> {
    const [event] = position === 0 ? [] : await this.log.readAt([position]);
    if (position !== 0 && !event) throw new RangeError(`the log has no position ${position}`);
    return new Moment(this, position, { recordedAt: event?.recordedAt, time: time ?? event?.recordedAt });
  }

  /** Follows this store's log, or another one's, with a cursor kept here. */
  async subscribe(options: Omit<SubscriptionOptions, 'log'> & Readonly<{ log?: EventLog }>): Promise<Subscription> {
    return this.#keep(await Subscription.start({ ...options, log: options.log ?? this.log }, this.checkpoints));
  }

  /** Makes the view's table if need be, and keeps it up to date until the store is closed. */
  async view<Row extends object, Column extends string>(
    definition: ViewDefinition<Row, Column>,
  ): Promise<View<Row, Column>> {
    const { log, checkpoints } = this;
    const table = await this.tableOf(definition);
    const view = await View.start(definition, table, {
      log,
      checkpoints,
      past: this.#past,
      snapshot: () => this.snapshot(),
    });
    this.#keep(view.subscription);
    // What is common to all views does not depend on their rows.
    this.#views.set(definition.name, view as unknown as View<object, string>);
    return view;
  }

  /** The names of the views that are kept up to date. */
  get views(): readonly string[] {
    return [...this.#views.keys()];
  }

  /**
   * Folds views anew from the whole log, beside their rows and under load; see {@link rebuild}.
   * @throws when there is no view of a name
   */
  async rebuild({ views = this.views, ...asked }: Rebuild = {}): Promise<RebuiltAll> {
    const chosen = views.map((name) => {
      const view = this.#views.get(name);
      if (!view) throw new Error(`there is no view "${name}"`);
      return view;
    });
    const { log, checkpoints } = this;
    const parts = await Promise.all(chosen.map((view) => view.refold()));
    return rebuild(parts, { log, checkpoints, snapshot: () => this.snapshot(), ...asked });
  }

  /** Everything that follows the log and was not closed. */
  get subscriptions(): readonly Subscription[] {
    return [...this.#running];
  }

  /** Stops every subscription after the batch in hand, then the log. */
  async close(): Promise<void> {
    await Promise.all([...this.#running].map((subscription) => subscription.stop()));
    await this.log.close();
  }

  protected abstract tableOf<Row extends object, Column extends string>(
    definition: ViewDefinition<Row, Column>,
  ): Promise<ViewTable<Row, Column>>;

  protected abstract snapshot(): Promise<Snapshot>;

  #keep(subscription: Subscription) {
    this.#running.add(subscription);
    return subscription;
  }
}
