import { Controller } from '@nestjs/common';
import { volumes } from '@strata/contracts';
import type { VolumeView } from '@strata/contracts';
import { Asked, Implement, paged, problem } from '@strata/http';
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
  ) {}

  @Implement(volumes.list)
  async list(@Asked(volumes.list) { query, meta }: Asked<typeof volumes.list>) {
    await this.views.instances.catchUp();
    const { items, nextPageToken } = await paged(
      'volumes',
      query,
      (part) => this.views.instances.of(meta.tenantId).list({ orderBy: ['createdAt'], ...part }),
      (row) => (row.placement ? [shownVolume(row.id, row)] : []),
    );
    return { items: items.flat(), nextPageToken };
  }

  @Implement(volumes.show)
  async show(@Asked(volumes.show) { params, meta }: Asked<typeof volumes.show>): Promise<VolumeView> {
    const missing = problem('volume.not-found', `there is no volume "${params.id}"`);
    if (!params.id.startsWith('vol_')) throw missing;
    const found = await this.requests.find(params.id.replace(/^vol_/, 'inst_'), meta.tenantId).catch(() => {
      throw missing;
    });
    return shownVolume(found.id, found.it);
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
