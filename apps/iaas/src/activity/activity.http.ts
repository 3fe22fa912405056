import { Controller } from '@nestjs/common';
import { activity } from '@strata/contracts';
import { Asked, Implement, Moments, numberIn } from '@strata/http';
import { Activities } from './activities.service.js';

@Controller()
export class ActivityHttp {
  constructor(
    private readonly activities: Activities,
    private readonly moments: Moments,
  ) {}

  @Implement(activity.list)
  async list(@Asked(activity.list) { query, meta }: Asked<typeof activity.list>) {
    const { resource, actor } = query;
    const wanted = { tenantId: meta.tenantId, resource, actor };
    return this.moments.page(
      'activity',
      query,
      async (moment, { limit, after }) => {
        const before = after === undefined ? Infinity : numberIn(after);
        const { rows, next } = await this.activities.page(wanted, { before, limit }, moment);
        return { rows, next: next?.toString(), position: moment.position };
      },
      (row) => row,
    );
  }
}
