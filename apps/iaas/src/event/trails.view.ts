import type { EventLog, Moment, Recorded, View } from '@strata/event-store';
import { problem } from '@strata/http';
import { trailAfter } from './trail.view.js';
import type { Beginning, TrailRow } from './trail.view.js';

const PATIENCE_MS = 2_000;
const ROWS = 10;

/** The way from an id to the events that have to do with it. */
export class Trails {
  constructor(
    readonly log: EventLog,
    private readonly view: View<TrailRow, never>,
  ) {}

  /**
   * How far the trail is known of a moment: as far as that, unless the view is late; then what it knows so far is the
   * present. @throws ProblemError `service.unavailable` when it has not come to an instant of the past
   */
  async upTo({ position, then }: Moment): Promise<number> {
    // Whoever has just done something asks for it.
    await this.view.waitFor(position, PATIENCE_MS).catch(() => undefined);
    const known = Math.min(position, this.view.subscription.position);
    if (then && known < position) throw problem('service.unavailable', 'the trail of events is being made anew');
    return known;
  }

  /** The positions of the events behind `after` that speak of a thing or have its name, oldest first. */
  async *mentionsOf(tenantId: string, id: string, after: number, until: number): AsyncGenerator<readonly number[]> {
    for await (const row of this.#rows(tenantId, id, after, 'ascending')) {
      const positions = row.mentions.filter((position) => position > after && position <= until);
      if (positions.length > 0) yield positions;
    }
  }

  /** The newest of these, oldest first. */
  lastMentionsOf(tenantId: string, id: string, until: number, most: number): Promise<readonly number[]> {
    return this.#last(tenantId, id, most, (row) => row.mentions.filter((position) => position <= until));
  }

  /** The newest positions of what began with a request. */
  lastEffectsOf(tenantId: string, id: string, until: number, most: number): Promise<readonly number[]> {
    return this.#last(tenantId, id, most, (row) => row.effects.filter((position) => position <= until));
  }

  /** The newest of what has begun with a thing. */
  async lastBeginningsOf(tenantId: string, id: string, until: number, most: number): Promise<readonly string[]> {
    const of = (row: TrailRow): readonly Beginning[] => row.beginnings.filter(([, position]) => position <= until);
    return (await this.#last(tenantId, id, most, of)).map(([correlationId]) => correlationId);
  }

  /** Only what happened on behalf of the tenant. */
  eventsAt(positions: readonly number[], tenantId: string): Promise<readonly Recorded[]> {
    return this.log.readAt(positions, tenantId);
  }

  async #last<T>(
    tenantId: string,
    id: string,
    most: number,
    of: (row: TrailRow) => readonly T[],
  ): Promise<readonly T[]> {
    let found: readonly T[] = [];
    for await (const row of this.#rows(tenantId, id, -1, 'descending')) {
      found = [...of(row), ...found];
      if (found.length >= most) break;
    }
    return found.slice(-most);
  }

  async *#rows(tenantId: string, id: string, after: number, direction: 'ascending' | 'descending') {
    const within = trailAfter(tenantId, id, after);
    for (let next: string | undefined; ;) {
      const page = await this.view
        .of(tenantId)
        .list({ within, direction, limit: ROWS, ...(next !== undefined && { after: next }) });
      yield* page.rows;
      if (page.next === undefined) return;
      ({ next } = page);
    }
  }
}
