import { Injectable } from '@nestjs/common';
import { instanceStatuses } from '@strata/contracts';
import { PLATFORM } from '@strata/event-sourcing';
import { Aggregates, EventStore, streamName } from '@strata/event-store';
import { FLEET, fleet } from './host/fleet.js';
import { Views } from './views.js';

const PAGE = 1000;

/** The tier in numbers. */
@Injectable()
export class Summary {
  constructor(
    private readonly store: EventStore,
    private readonly aggregates: Aggregates,
    private readonly views: Views,
  ) {}

  /** How many instances of the tenant there are in each status that some are in. */
  async instances(tenantId: string): Promise<Record<string, number>> {
    const counted = await Promise.all(
      instanceStatuses.map(async (status) => [status, await this.#count(tenantId, status)] as const),
    );
    return Object.fromEntries(counted.filter(([, count]) => count > 0));
  }

  async hosts(): Promise<Record<string, number>> {
    const { state } = await this.aggregates.load(fleet, streamName(fleet, FLEET, PLATFORM));
    const drivers = [...state.hosts.values()].map((it) => it.description.driver);
    return Object.fromEntries([...Map.groupBy(drivers, (it) => it)].map(([driver, its]) => [driver, its.length]));
  }

  async runningOperations(tenantId: string): Promise<number> {
    const { rows } = await this.views.operations.of(tenantId).list({ where: { open: true }, limit: PAGE });
    return rows.length;
  }

  position(): Promise<number> {
    return this.store.log.head();
  }

  async #count(tenantId: string, status: string): Promise<number> {
    let count = 0;
    for (let after: string | undefined; ;) {
      const { rows, next } = await this.views.instances.of(tenantId).list({
        where: { status },
        limit: PAGE,
        ...(after !== undefined && { after }),
      });
      count += rows.length;
      if (next === undefined) return count;
      after = next;
    }
  }
}
