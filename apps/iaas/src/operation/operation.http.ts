import { Controller } from '@nestjs/common';
import { operations } from '@strata/contracts';
import type { Instant, Operation } from '@strata/contracts';
import { CancelOperation } from '@strata/event-sourcing';
import { RejectedError } from '@strata/event-store';
import { Asked, Moments, Implement, problem } from '@strata/http';
import { ProcessManager } from '@strata/operations';
import { Views } from '../views.js';
import { Operations, shownOperation } from './operations.service.js';

@Controller()
export class OperationHttp {
  constructor(
    private readonly operations: Operations,
    private readonly processes: ProcessManager,
    private readonly views: Views,
    private readonly moments: Moments,
  ) {}

  @Implement(operations.list)
  async list(@Asked(operations.list) { query, meta }: Asked<typeof operations.list>) {
    const { resource: resourceId, status } = query;
    const where = {
      ...(resourceId !== undefined && { resourceId }),
      ...(status !== undefined && { status }),
    };
    return this.moments.page(
      'operations',
      query,
      async (moment, part) => {
        const rows = await moment.rows(this.views.operations, meta.tenantId);
        return rows.list({ where, orderBy: ['createdAt'], direction: 'descending', ...part });
      },
      shownOperation,
    );
  }

  @Implement(operations.show)
  async show(@Asked(operations.show) { params, query, meta }: Asked<typeof operations.show>) {
    const { row, moment } = await this.#find(params.id, meta.tenantId, query.at);
    return this.moments.shown(shownOperation(row), moment);
  }

  @Implement(operations.cancel)
  async cancel(@Asked(operations.cancel) { params, meta }: Asked<typeof operations.cancel>): Promise<Operation> {
    const { row } = await this.#find(params.id, meta.tenantId);
    const { id } = row;
    const outcome = await this.processes.ask(id, new CancelOperation({ operationId: id }, meta));
    if ('rejection' in outcome) throw new RejectedError(outcome.rejection);
    return shownOperation((await this.#find(id, meta.tenantId)).row);
  }

  async #find(id: string, tenantId: string, at?: Instant) {
    const found = await this.operations.find(id, tenantId, await this.moments.at(at));
    if (!found) throw problem('operation.not-found', `there is no operation "${id}"`);
    return found;
  }
}
