import { Injectable } from '@nestjs/common';
import { instanceStatuses } from '@strata/contracts';
import type { Instant } from '@strata/contracts';
import { PLATFORM } from '@strata/event-sourcing';
import { streamName, together } from '@strata/event-store';
import type { TenantRows } from '@strata/event-store';
import { AsOf, Moments } from '@strata/http';
import { FLEET, fleet } from './host/fleet.js';
import { Views } from './views.js';

/** The tier in numbers. */
type Figures = Readonly<{
  position: number;
  /** How many instances of the tenant there are in each status that some are in. */
  instances: Readonly<Record<string, number>>;
  /** How many hosts each driver has. */
  hosts: Readonly<Record<string, number>>;
  runningOperations: number;
}>;

@Injectable()
export class Summary {
  constructor(
    private readonly moments: Moments,
    private readonly views: Views,
  ) {}

  async at(at: Instant | undefined, tenantId: string): Promise<AsOf<Figures>> {
    const moment = await this.moments.at(at);
    const own = [
      await moment.rows(this.views.instances, tenantId),
      await moment.rows(this.views.operations, tenantId),
    ] as const;
    const apart = await counted(...own);
    const [instances, operations] = apart[0].position === apart[1].position ? apart : await this.#together(tenantId);
    const there = moment.at(operations.position);
    const { hosts } = await there.state(fleet, streamName(fleet, FLEET, PLATFORM));
    const byDriver = Map.groupBy(hosts.values(), (it) => it.description.driver);
    return this.moments.shown(
      {
        position: there.position,
        instances: Object.fromEntries(
          instanceStatuses.flatMap((status) => {
            const count = instances.counts.get(status);
            return count === undefined ? [] : [[status, count]];
          }),
        ),
        hosts: Object.fromEntries([...byDriver].map(([driver, its]) => [driver, its.length])),
        runningOperations: operations.counts.get(true) ?? 0,
      },
      there,
    );
  }

  #together(tenantId: string) {
    const { instances, operations } = this.views;
    return together([instances, operations], () => counted(instances.of(tenantId), operations.of(tenantId)));
  }
}

type Count<Column extends string> = Pick<TenantRows<object, Column>, 'count'>;

const counted = (instances: Count<'status'>, operations: Count<'open'>) =>
  Promise.all([instances.count('status'), operations.count('open')]);
