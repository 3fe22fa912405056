import { Controller } from '@nestjs/common';
import { volumes } from '@strata/contracts';
import type { VolumeView } from '@strata/contracts';
import { AsOf, Asked, Moments, Implement, ProblemError, problem } from '@strata/http';
import { poolIdOf } from '../host/host.http.js';
import { InstanceRequests } from '../instance/instance-requests.service.js';
import { volumeIdOf } from '../instance/instance.view.js';
import type { ExistingInstance } from '../instance/instance-state.js';
import { Views } from '../views.js';

/** Root volumes: they come and go with their instances, so what is known of them is known of these. */
@Controller()
export class VolumeHttp {
  constructor(
    private readonly views: Views,
    private readonly requests: InstanceRequests,
    private readonly moments: Moments,
  ) {}

  @Implement(volumes.list)
  async list(@Asked(volumes.list) { query, meta }: Asked<typeof volumes.list>) {
    const { body, position, recordedAt } = await this.moments.page(
      'volumes',
      query,
      async (moment, part) => {
        const rows = await moment.rows(this.views.instances, meta.tenantId);
        return rows.list({ orderBy: ['createdAt'], ...part });
      },
      (row) => (row.placement ? [shownVolume(row.id, row)] : []),
    );
    return new AsOf({ ...body, items: body.items.flat() }, position, recordedAt);
  }

  @Implement(volumes.show)
  async show(@Asked(volumes.show) { params, query, meta }: Asked<typeof volumes.show>) {
    const missing = problem('volume.not-found', `there is no volume "${params.id}"`);
    if (!params.id.startsWith('vol_')) throw missing;
    const asked = await this.moments.at(query.at);
    const instanceId = params.id.replace(/^vol_/, 'inst_');
    const { id, it, moment } = await this.requests.find(instanceId, meta.tenantId, asked).catch((error: unknown) => {
      throw error instanceof ProblemError ? missing : error;
    });
    return this.moments.shown(shownVolume(id, it), moment);
  }
}

const shownVolume = (instanceId: string, it: ExistingInstance): VolumeView => ({
  id: volumeIdOf(instanceId),
  name: `${it.name}-root`,
  status: { present: 'attached', absent: it.built ? 'error' : 'creating', unknown: 'unknown' }[it.sight.disk],
  task: null,
  statusReason: it.sight.disk === 'absent' ? it.reason : null,
  createdAt: it.createdAt,
  labels: {},
  sizeGiB: it.spec.diskGiB,
  poolId: poolIdOf(it.placement?.hostId ?? ''),
  image: it.spec.image,
  instanceId,
});
