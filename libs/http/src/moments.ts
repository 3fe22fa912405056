import type { Instant } from '@strata/contracts';
import type { Clock, EventStore, Moment } from '@strata/event-store';
import { AsOf } from './as-of.js';
import { pageTokenOf, readPageToken } from './paging.js';
import type { Place } from './paging.js';
import { invalid } from './problem.js';

type PageQuery = Readonly<{ pageSize: number; pageToken?: string | undefined; at?: Instant | undefined }>;
type Rows<Row> = Readonly<{ rows: readonly Row[]; next: string | undefined; position: number }>;
type Part = Readonly<{ limit: number; after?: string }>;

/** From the `at` of a request to an instant of a service's log, and from there to an answer that says where it stands. */
export class Moments {
  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
  ) {}

  now(): Promise<Moment> {
    return this.store.present();
  }

  /** Now, unless another instant is asked for. @throws ProblemError `request.invalid` for what is still to come */
  async at(at: Instant | undefined): Promise<Moment> {
    if (at === undefined) return this.now();
    if ('position' in at) return this.store.asOf(await this.#upToHead(at.position));
    return this.store.asOf(await this.#positionAt(at.time), new Date(at.time).toISOString());
  }

  /** One thing. */
  shown<Body>(body: Body, { position, then }: Moment): AsOf<Body> {
    return new AsOf(body, position, then?.recordedAt);
  }

  /**
   * One page of a list. Its token holds the place to go on from and, of a past list, the position: all pages are of one
   * instant.
   * @throws ProblemError `request.invalid` when the token was not given out for this list
   */
  async page<Row, Item>(
    name: string,
    { pageSize, pageToken, at }: PageQuery,
    list: (moment: Moment, part: Part) => Promise<Rows<Row>>,
    show: (row: Row, moment: Moment) => Item,
  ): Promise<AsOf<{ items: Item[]; nextPageToken: string | null }>> {
    const place = pageToken === undefined ? undefined : readPageToken(name, pageToken);
    const moment = await this.at(place ? instantOf(place, at) : at);
    const { rows, next, position } = await list(moment, { limit: pageSize, ...(place && { after: place.cursor }) });
    const nextPlace = (cursor: string): Place => ({ cursor, ...(moment.then && { position }) });
    const items = rows.map((row) => show(row, moment));
    const nextPageToken = next === undefined ? null : pageTokenOf(name, nextPlace(next));
    return this.shown({ items, nextPageToken }, moment.at(position));
  }

  async #upToHead(position: number): Promise<number> {
    const head = position <= this.store.log.known ? position : await this.store.log.head();
    if (position > head) throw tooLate(`there is no position ${position} in this log, whose newest is ${head}`);
    return position;
  }

  async #positionAt(time: string): Promise<number> {
    const now = this.clock.now();
    if (Date.parse(time) > Date.parse(now)) throw tooLate(`${time} is still to come; it is ${now}`);
    return this.store.log.positionAt(time);
  }
}

/** A token goes on where it was given out. A time may stand for a later position by now; a position stands for itself. */
const instantOf = ({ position }: Place, at: Instant | undefined): Instant | undefined => {
  const isOther = at !== undefined && (position === undefined || ('position' in at && at.position !== position));
  if (isOther) throw invalid([{ path: 'query.pageToken', message: 'it was given out for another instant' }]);
  return position === undefined ? undefined : { position };
};

const tooLate = (message: string) => invalid([{ path: 'query.at', message }]);
