import { Controller } from '@nestjs/common';
import { logs } from '@strata/contracts';
import type { LogRebuild } from '@strata/contracts';
import { Asked, Implement, problem } from '@strata/http';
import { Operations } from '../operation/operations.service.js';
import { Commands } from '../rules.js';
import { REBUILD, RequestRebuild } from './rebuild.js';
import { Rebuilds } from './rebuilds.service.js';

@Controller()
export class RebuildHttp {
  constructor(
    private readonly rebuilds: Rebuilds,
    private readonly commands: Commands,
    private readonly operations: Operations,
  ) {}

  @Implement(logs.rebuild)
  async rebuild(@Asked(logs.rebuild) { body, meta, mint, since, validateOnly }: Asked<typeof logs.rebuild>) {
    const views = body.views?.map((name) => this.#find(name)) ?? this.rebuilds.names;
    if (this.rebuilds.isUnsafe(views)) {
      throw problem('log.damaged', 'read models may be right where their log is not any more: see `strata log verify`');
    }
    const operationId = mint('op');
    const done = await this.commands.execute(new RequestRebuild({ operationId, views }, meta), validateOnly);
    const [requested] = done.events;
    if (requested) this.rebuilds.begin(operationId, views, { ...meta, causationId: requested.id });
    const resource = { type: 'rebuild', id: REBUILD };
    const asked = { id: operationId, name: 'rebuild-views', resource, tenantId: meta.tenantId, since };
    return this.operations.begun(done, asked, validateOnly);
  }

  @Implement(logs.rebuilt)
  async rebuilt(@Asked(logs.rebuilt) _: Asked<typeof logs.rebuilt>): Promise<LogRebuild> {
    const latest = await this.rebuilds.latest();
    if (!latest) throw problem('log.not-rebuilt', 'nothing was rebuilt yet');
    const { operationId, status, reason, outcome } = latest;
    return { operationId, status, reason, ...outcome, views: outcome.views.map((view) => ({ ...view })) };
  }

  #find(name: string): string {
    const found = this.rebuilds.find(name);
    if (found !== undefined) return found;
    const details = { views: this.rebuilds.names };
    throw problem('log.no-view', `there is no read model "${name}"`, details);
  }
}
