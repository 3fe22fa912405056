import { Aggregates } from './aggregates.js';
import type { Checkpoints } from './checkpoints.js';
import type { EventLog } from './event-log.js';
import { Damage } from './proof/damage.js';
import type { Ledger } from './proof/ledger.js';
import { Subscription } from './subscription.js';
import type { SubscriptionOptions } from './subscription.js';
import { View } from './view.js';
import type { ViewDefinition } from './view-definition.js';
import type { ViewTable } from './view-table.js';

/** All that one service keeps: its log, and what follows from it. An abstract class: port and Nest token in one. */
export abstract class EventStore {
  readonly aggregates: Aggregates;
  /** What is known to be wrong with the log. */
  readonly damage = new Damage();
  readonly #running = new Set<Subscription>();

  protected constructor(
    readonly log: EventLog,
    readonly checkpoints: Checkpoints,
    readonly ledger: Ledger,
  ) {
    this.aggregates = new Aggregates(log, this.damage);
  }

  /** Follows this store's log, or another one's, with a cursor kept here. */
  async subscribe(options: Omit<SubscriptionOptions, 'log'> & Readonly<{ log?: EventLog }>): Promise<Subscription> {
    return this.#keep(await Subscription.start({ ...options, log: options.log ?? this.log }, this.checkpoints));
  }

  /** Makes the view's table if need be, and keeps it up to date until the store is closed. */
  async view<Row extends object, Column extends string>(
    definition: ViewDefinition<Row, Column>,
  ): Promise<View<Row, Column>> {
    const view = await View.start(definition, await this.tableOf(definition), this.log, this.checkpoints);
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
