import { Controller } from '@nestjs/common';
import { operations } from '@strata/contracts';
import type { Operation } from '@strata/contracts';
import { CancelOperation } from '@strata/event-sourcing';
import { RejectedError } from '@strata/event-store';
import { Asked, Implement, paged, problem } from '@strata/http';
import { ProcessManager } from '@strata/operations';
import type { OperationRow } from '@strata/operations';
import { Views } from '../views.js';
import { Operations, shownOperation } from './operations.service.js';

@Controller()
export class OperationHttp {
  constructor(
    private readonly operations: Operations,
    private readonly processes: ProcessManager,
    private readonly views: Views,
  ) {}

  @Implement(operations.list)
  async list(@Asked(operations.list) { query, meta }: Asked<typeof operations.list>) {
    const { resource: resourceId, status } = query;
    await this.views.operations.catchUp();
    const where = {
      ...(resourceId !== undefined && { resourceId }),
      ...(status !== undefined && { status }),
    };
    const list = (part: { limit: number; after?: string }) =>
      this.views.operations.of(meta.tenantId).list({ where, orderBy: ['createdAt'], direction: 'descending', ...part });
    return paged('operations', query, list, shownOperation);
  }

  @Implement(operations.show)
  async show(@Asked(operations.show) { params, meta }: Asked<typeof operations.show>): Promise<Operation> {
    return shownOperation(await this.#find(params.id, meta.tenantId));
  }

  @Implement(operations.cancel)
  async cancel(@Asked(operations.cancel) { params, meta }: Asked<typeof operations.cancel>): Promise<Operation> {
    const { id } = await this.#find(params.id, meta.tenantId);
    const outcome = await this.processes.ask(id, new CancelOperation({ operationId: id }, meta));
    if ('rejection' in outcome) throw new RejectedError(outcome.rejection);
    return shownOperation(await this.#find(id, meta.tenantId));
  }

  async #find(id: string, tenantId: string): Promise<OperationRow> {
    const row = await this.operations.find(id, tenantId);
    if (!row) throw problem('operation.not-found', `there is no operation "${id}"`);
    return row;
  }
}
