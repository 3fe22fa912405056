import { Controller } from '@nestjs/common';
import { activity } from '@strata/contracts';
import { Asked, Implement, paged } from '@strata/http';
import { Activities } from './activities.service.js';

@Controller()
export class ActivityHttp {
  constructor(private readonly activities: Activities) {}

  @Implement(activity.list)
  async list(@Asked(activity.list) { query, meta }: Asked<typeof activity.list>) {
    const { resource, actor } = query;
    const wanted = { tenantId: meta.tenantId, resource, actor };
    return paged(
      'activity',
      query,
      async ({ limit, after }) => {
        const before = after === undefined ? Infinity : Number(after);
        const { rows, next } = await this.activities.page(wanted, { before, limit });
        return { rows, next: next?.toString() };
      },
      (row) => row,
    );
  }
}
