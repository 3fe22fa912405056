import { Aggregates } from './aggregates.js';
import type { Checkpoints } from './checkpoints.js';
import type { EventLog } from './event-log.js';
import { Moment } from './moment.js';
import { Past } from './past.js';
import { Subscription } from './subscription.js';
import type { SubscriptionOptions } from './subscription.js';
import { View } from './view.js';
import type { ViewDefinition } from './view-definition.js';
import type { ViewTable } from './view-table.js';

/** All that one service keeps: its log, and what follows from it. An abstract class: port and Nest token in one. */
export abstract class EventStore {
  readonly aggregates: Aggregates;
  readonly #past = new Past();
  readonly #running = new Set<Subscription>();

  protected constructor(
    readonly log: EventLog,
    readonly checkpoints: Checkpoints,
  ) {
    this.aggregates = new Aggregates(log, undefined, this.#past);
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
    const view = await View.start(definition, table, { log, checkpoints, past: this.#past });
    this.#keep(view.subscription);
    return view;
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

  #keep(subscription: Subscription) {
    this.#running.add(subscription);
    return subscription;
  }
}
