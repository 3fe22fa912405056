import { Controller } from '@nestjs/common';
import { flavors } from '@strata/contracts';
import type { FlavorView } from '@strata/contracts';
import { PLATFORM } from '@strata/event-sourcing';
import { streamName } from '@strata/event-store';
import type { Moment } from '@strata/event-store';
import { Asked, Moments, Implement, problem } from '@strata/http';
import { Commands } from '../rules.js';
import { Views } from '../views.js';
import { CreateFlavor, DeleteFlavor, flavor } from './flavor.js';
import { shownFlavor } from './flavor.view.js';

@Controller()
export class FlavorHttp {
  constructor(
    private readonly commands: Commands,
    private readonly views: Views,
    private readonly moments: Moments,
  ) {}

  @Implement(flavors.list)
  async list(@Asked(flavors.list) { query, meta }: Asked<typeof flavors.list>) {
    return this.moments.page(
      'flavors',
      query,
      async (moment, part) => {
        const rows = await moment.rows(this.views.flavors, meta.tenantId);
        return rows.list({ orderBy: ['memoryMiB'], ...part });
      },
      shownFlavor,
    );
  }

  @Implement(flavors.show)
  async show(@Asked(flavors.show) { params, query }: Asked<typeof flavors.show>) {
    const moment = await this.moments.at(query.at);
    return this.moments.shown(await this.#find(params.id, moment), moment);
  }

  @Implement(flavors.create)
  async create(@Asked(flavors.create) { body, meta, validateOnly }: Asked<typeof flavors.create>): Promise<FlavorView> {
    await this.commands.execute(new CreateFlavor(body, meta), validateOnly);
    return shownFlavor({ phase: 'offered', ...body, createdAt: meta.at });
  }

  @Implement(flavors.delete)
  async delete(
    @Asked(flavors.delete) { params, meta, validateOnly }: Asked<typeof flavors.delete>,
  ): Promise<FlavorView> {
    const shown = await this.#find(params.id, await this.moments.now());
    await this.commands.execute(new DeleteFlavor({ name: shown.name }, meta), validateOnly);
    return { ...shown, status: 'deleted' };
  }

  async #find(idOrName: string, moment: Moment): Promise<FlavorView> {
    const it = await moment.state(flavor, streamName(flavor, idOrName.replace(/^flavor_/, ''), PLATFORM));
    if (it.phase === 'absent') throw problem('flavor.not-found', `there is no flavor "${idOrName}"`);
    return shownFlavor(it);
  }
}
