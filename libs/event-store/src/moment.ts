import type { Decider, Event, Meta } from '@strata/event-sourcing';
import type { Aggregates } from './aggregates.js';
import type { EventLog } from './event-log.js';
import type { Recorded } from './event.js';
import type { TenantRows, View } from './view.js';

/**
 * An instant that is over. Before the first event nothing was stored, so there is no time of storing. `time` is the one that
 * was asked for, or that of storing: some things end by themselves, and no event says when.
 */
type Then = Readonly<{ recordedAt: string | undefined; time: string | undefined }>;

/** One instant of a log, present or past, and what a reader finds there. */
export class Moment {
  constructor(
    private readonly store: Readonly<{ log: EventLog; aggregates: Aggregates }>,
    readonly position: number,
    /** Nothing for the present. */
    readonly then?: Then,
  ) {}

  /** What a stream comes to, without whatever was added since. */
  state<C extends Readonly<{ meta: Meta }>, E extends Event, S>(decider: Decider<C, E, S>, stream: string): Promise<S> {
    const { aggregates } = this.store;
    return this.then
      ? aggregates.loadAsOf(decider, stream, this.position)
      : aggregates.loadUpTo(decider, stream, this.position);
  }

  /** The events of a short stream. */
  async events(stream: string): Promise<readonly Recorded[]> {
    return (await this.store.log.readStream(stream)).filter(({ position }) => position <= this.position);
  }

  /** A tenant's rows. Those of the present say themselves how far they are true: their view may be behind or ahead. */
  async rows<Row extends object, Column extends string>(
    view: View<Row, Column>,
    tenantId: string,
  ): Promise<TenantRows<Row, Column>> {
    if (this.then) return view.asOf(this.position, tenantId);
    await view.catchUp();
    return view.of(tenantId);
  }

  /** All rows, for whoever may see them. */
  async allRows<Row extends object, Column extends string>(view: View<Row, Column>): Promise<TenantRows<Row, Column>> {
    if (this.then) return view.asOf(this.position);
    await view.catchUp();
    return view;
  }

  /** The same past; or the present as a view has told it. */
  at(position: number): Moment {
    return new Moment(this.store, position, this.then);
  }
}
