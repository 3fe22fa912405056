import { Controller } from '@nestjs/common';
import { networks } from '@strata/contracts';
import { Asked, Moments, Implement, problem } from '@strata/http';
import { Views } from '../views.js';
import { shownNetwork } from './network.view.js';

@Controller()
export class NetworkHttp {
  constructor(
    private readonly views: Views,
    private readonly moments: Moments,
  ) {}

  @Implement(networks.list)
  async list(@Asked(networks.list) { query, meta }: Asked<typeof networks.list>) {
    return this.moments.page(
      'networks',
      query,
      async (moment, part) => (await moment.rows(this.views.networks, meta.tenantId)).list(part),
      shownNetwork,
    );
  }

  @Implement(networks.show)
  async show(@Asked(networks.show) { params, query, meta }: Asked<typeof networks.show>) {
    const moment = await this.moments.at(query.at);
    // The tenant's own, and the one that everybody finds.
    const networks = await moment.rows(this.views.networks, meta.tenantId);
    const { rows, position } = await networks.list({ limit: 1000 });
    const row = rows.find((it) => it.id === params.id || it.name === params.id);
    if (!row) throw problem('network.not-found', `there is no network "${params.id}"`);
    return this.moments.shown(shownNetwork(row), moment.at(position));
  }
}
