import { Controller } from '@nestjs/common';
import { events } from '@strata/contracts';
import type { CloudEvent } from '@strata/contracts';
import { EventLog } from '@strata/event-store';
import { Asked, EventStream, Moments, Implement, numberIn, problem } from '@strata/http';
import type { AsOf } from '@strata/http';
import { published } from './event.published.js';
import { follow, followAbout, readPage, readPageAbout } from './feed.view.js';
import type { Wanted } from './feed.view.js';
import { Trails } from './trails.view.js';
import { Reasons } from './reasons.service.js';

type Page = Readonly<{ items: CloudEvent[]; nextPageToken: string | null }>;

@Controller()
export class EventHttp {
  constructor(
    private readonly log: EventLog,
    private readonly trails: Trails,
    private readonly reasons: Reasons,
    private readonly moments: Moments,
  ) {}

  @Implement(events.list)
  async list(@Asked(events.list) asked: Asked<typeof events.list>): Promise<AsOf<Page> | EventStream> {
    const { query, meta, header } = asked;
    const wanted = { tenantId: meta.tenantId, resource: query.resource, type: query.type };
    if (header('accept')?.includes('text/event-stream')) return this.#follow(asked, wanted);
    return this.moments.page(
      'events',
      query,
      async (moment, { limit, after }) => {
        const { resource } = query;
        const position = resource === undefined ? moment.position : await this.trails.upTo(moment);
        const range = { after: after === undefined ? query.since : numberIn(after), until: position, limit };
        const { rows, next } = await (resource === undefined
          ? readPage(this.log, range, wanted)
          : readPageAbout(this.trails, resource, range, wanted));
        return { rows, next: next?.toString(), position };
      },
      published,
    );
  }

  @Implement(events.why)
  async why(@Asked(events.why) { params, query, principal }: Asked<typeof events.why>) {
    const why = await this.reasons.why(principal, params.id, query.at);
    if (why.body.roots.length === 0) throw problem('event.not-found', `nothing is known of "${params.id}"`);
    return why;
  }

  async #follow({ query, header }: Asked<typeof events.list>, wanted: Wanted): Promise<EventStream> {
    if (query.at) throw problem('request.invalid', 'a stream goes on, and has no instant: leave `at` out');
    const last = header('last-event-id') ?? String(query.since);
    const head = await this.log.head();
    const since = /^\d{1,15}$/.test(last) ? Number(last) : Infinity;
    if (since > head) {
      throw problem('request.invalid', `there is no position ${last} in this log, whose newest is ${head}`);
    }
    const { log, trails } = this;
    const { resource } = wanted;
    const until = resource === undefined ? 0 : await trails.upTo(await this.moments.now());
    return new EventStream(async function* (signal) {
      const events =
        resource === undefined
          ? follow(log, since, wanted, signal)
          : followAbout(trails, resource, { after: since, until }, wanted, signal);
      for await (const event of events) yield { id: String(event.position), data: published(event) };
    });
  }
}
