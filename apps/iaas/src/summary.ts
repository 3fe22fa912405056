import { Injectable } from '@nestjs/common';
import { instanceStatuses } from '@strata/contracts';
import type { Instant } from '@strata/contracts';
import { PLATFORM } from '@strata/event-sourcing';
import { streamName } from '@strata/event-store';
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

/** How often two views may turn out to stand at different positions, before the earlier one is told. */
const TRIES = 3;

@Injectable()
export class Summary {
  constructor(
    private readonly moments: Moments,
    private readonly views: Views,
  ) {}

  async at(at: Instant | undefined, tenantId: string): Promise<AsOf<Figures>> {
    for (let tries = TRIES; ; tries--) {
      const moment = await this.moments.at(at);
      const [instances, operations] = await Promise.all([
        moment.rows(this.views.instances, tenantId).then((rows) => rows.count('status')),
        moment.rows(this.views.operations, tenantId).then((rows) => rows.count('open')),
      ]);
      if (instances.position !== operations.position && tries > 0) continue;
      const position = Math.min(instances.position, operations.position);
      const { hosts } = await moment.at(position).state(fleet, streamName(fleet, FLEET, PLATFORM));
      const drivers = [...hosts.values()].map((it) => it.description.driver);
      return this.moments.shown(
        {
          position,
          instances: Object.fromEntries(
            instanceStatuses.flatMap((status) => {
              const count = instances.counts.get(status);
              return count === undefined ? [] : [[status, count]];
            }),
          ),
          hosts: Object.fromEntries([...Map.groupBy(drivers, (it) => it)].map(([driver, its]) => [driver, its.length])),
          runningOperations: operations.counts.get(true) ?? 0,
        },
        moment.at(position),
      );
    }
  }
}
