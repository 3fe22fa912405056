import { Controller } from '@nestjs/common';
import { events } from '@strata/contracts';
import type { Cause, CloudEvent } from '@strata/contracts';
import { EventLog } from '@strata/event-store';
import { Asked, EventStream, Implement, paged, problem } from '@strata/http';
import { published } from './event.published.js';
import { follow, readPage } from './feed.view.js';
import type { Wanted } from './feed.view.js';
import { Trails } from './trails.view.js';

type Page = Readonly<{ items: CloudEvent[]; nextPageToken: string | null }>;

@Controller()
export class EventHttp {
  constructor(
    private readonly log: EventLog,
    private readonly trails: Trails,
  ) {}

  @Implement(events.list)
  async list(@Asked(events.list) asked: Asked<typeof events.list>): Promise<Page | EventStream> {
    const { query, meta, header } = asked;
    const wanted = { tenantId: meta.tenantId, resource: query.resource, type: query.type };
    if (header('accept')?.includes('text/event-stream')) return this.#follow(asked, wanted);
    return paged(
      'events',
      query,
      async ({ limit, after }) => {
        const page = await readPage(this.log, Number(after ?? query.since), limit, wanted);
        return { rows: page.events, next: page.next?.toString() };
      },
      published,
    );
  }

  @Implement(events.why)
  async why(
    @Asked(events.why) { params, meta }: Asked<typeof events.why>,
  ): Promise<Readonly<{ id: string; roots: readonly Cause[] }>> {
    const roots = await this.trails.why(meta.tenantId, params.id);
    if (roots.length === 0) throw problem('event.not-found', `nothing is known of "${params.id}"`);
    return { id: params.id, roots };
  }

  async #follow({ query, header }: Asked<typeof events.list>, wanted: Wanted): Promise<EventStream> {
    const last = header('last-event-id') ?? String(query.since);
    const head = await this.log.head();
    const since = /^\d{1,15}$/.test(last) ? Number(last) : Infinity;
    if (since > head) {
      throw problem('request.invalid', `there is no position ${last} in this log, whose newest is ${head}`);
    }
    const log = this.log;
    return new EventStream(async function* (signal) {
      for await (const event of follow(log, since, wanted, signal)) {
        yield { id: String(event.position), data: published(event) };
      }
    });
  }
}
