import { Controller } from '@nestjs/common';
import { flavors } from '@strata/contracts';
import type { FlavorView } from '@strata/contracts';
import { PLATFORM } from '@strata/event-sourcing';
import { Aggregates, streamName } from '@strata/event-store';
import { Asked, Implement, paged, problem } from '@strata/http';
import { Commands } from '../rules.js';
import { Views } from '../views.js';
import { CreateFlavor, DeleteFlavor, flavor } from './flavor.js';
import { shownFlavor } from './flavor.view.js';

@Controller()
export class FlavorHttp {
  constructor(
    private readonly commands: Commands,
    private readonly aggregates: Aggregates,
    private readonly views: Views,
  ) {}

  @Implement(flavors.list)
  async list(@Asked(flavors.list) { query, meta }: Asked<typeof flavors.list>) {
    await this.views.flavors.catchUp();
    return paged(
      'flavors',
      query,
      (part) => this.views.flavors.of(meta.tenantId).list({ orderBy: ['memoryMiB'], ...part }),
      shownFlavor,
    );
  }

  @Implement(flavors.show)
  show(@Asked(flavors.show) { params }: Asked<typeof flavors.show>): Promise<FlavorView> {
    return this.#find(params.id);
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
    const shown = await this.#find(params.id);
    await this.commands.execute(new DeleteFlavor({ name: shown.name }, meta), validateOnly);
    return { ...shown, status: 'deleted' };
  }

  async #find(idOrName: string): Promise<FlavorView> {
    const { state } = await this.aggregates.load(
      flavor,
      streamName(flavor, idOrName.replace(/^flavor_/, ''), PLATFORM),
    );
    if (state.phase === 'absent') throw problem('flavor.not-found', `there is no flavor "${idOrName}"`);
    return shownFlavor(state);
  }
}
