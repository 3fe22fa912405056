import { Controller } from '@nestjs/common';
import { networks } from '@strata/contracts';
import { Asked, Implement, problem } from '@strata/http';
import { Views } from '../views.js';
import { shownNetwork } from './network.view.js';

@Controller()
export class NetworkHttp {
  constructor(private readonly views: Views) {}

  @Implement(networks.list)
  async list(@Asked(networks.list) { meta }: Asked<typeof networks.list>) {
    return { items: (await this.#of(meta.tenantId)).map(shownNetwork), nextPageToken: null };
  }

  @Implement(networks.show)
  async show(@Asked(networks.show) { params, meta }: Asked<typeof networks.show>) {
    const row = (await this.#of(meta.tenantId)).find((it) => it.id === params.id || it.name === params.id);
    if (!row) throw problem('network.not-found', `there is no network "${params.id}"`);
    return shownNetwork(row);
  }

  /** The tenant's own, and the one that everybody finds. */
  async #of(tenantId: string) {
    await this.views.networks.catchUp();
    const { rows } = await this.views.networks.of(tenantId).list({ limit: 1000 });
    return rows;
  }
}
