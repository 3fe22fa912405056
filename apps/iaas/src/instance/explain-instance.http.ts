import { Controller } from '@nestjs/common';
import { instances } from '@strata/contracts';
import type { InstanceExplanation } from '@strata/contracts';
import { EventStore, streamName } from '@strata/event-store';
import type { Recorded } from '@strata/event-store';
import { Asked, Implement, Moments } from '@strata/http';
import type { FleetEvent } from '../host/fleet.js';
import { explanationOf } from './instance-explanation.view.js';
import { InstanceRequests } from './instance-requests.service.js';
import { instance } from './instance.js';

type Placed = Recorded<Extract<FleetEvent, { type: 'InstancePlaced' }>>;

const BATCH = 1_000;

@Controller()
export class ExplainInstanceHttp {
  constructor(
    private readonly store: EventStore,
    private readonly requests: InstanceRequests,
    private readonly moments: Moments,
  ) {}

  @Implement(instances.explain)
  async explain(@Asked(instances.explain) asked: Asked<typeof instances.explain>): Promise<InstanceExplanation> {
    const { tenantId } = asked.meta;
    const { id, it } = await this.requests.find(asked.params.id, tenantId, await this.moments.now());
    const events = await this.store.log.readStream(streamName(instance, id, tenantId));
    return explanationOf(id, it, events, await this.#placed(id, events, tenantId));
  }

  /** A place is chosen after the instance was requested and before its disk is: that is where to look. */
  async #placed(id: string, events: readonly Recorded[], tenantId: string): Promise<Placed | undefined> {
    const [requested] = events;
    const built = events.find(({ type }) => type === 'InstanceDiskRequested');
    if (!requested || !built) return undefined;
    for (let after = requested.position; ;) {
      const found = await this.store.log.read(after, BATCH, { tenantId, types: ['InstancePlaced'] });
      // The filter lets no other event through.
      const placed = (found as readonly Placed[]).find(({ data }) => data.instanceId === id);
      const last = found.at(-1);
      if (placed || !last || last.position > built.position) return placed;
      after = last.position;
    }
  }
}
