import { Controller } from '@nestjs/common';
import { instances } from '@strata/contracts';
import type { Operation } from '@strata/contracts';
import { RejectedError } from '@strata/event-store';
import type { Done } from '@strata/event-store';
import { Asked, Implement } from '@strata/http';
import { Operations } from '../operation/operations.service.js';
import { ReleaseQuota, ReserveQuota } from '../quota/quota.js';
import { Commands, beside } from '../rules.js';
import { Views } from '../views.js';
import { ChooseInstanceId, idTaken } from './chosen-id.js';
import { CreateInstance } from './instance-building.js';
import { InstanceSpecs } from './instance-specs.service.js';

@Controller()
export class CreateInstanceHttp {
  constructor(
    private readonly commands: Commands,
    private readonly operations: Operations,
    private readonly specs: InstanceSpecs,
    private readonly views: Views,
  ) {}

  @Implement(instances.create)
  async create(@Asked(instances.create) asked: Asked<typeof instances.create>): Promise<Operation> {
    const { body, meta, validateOnly, since } = asked;
    const before = await this.operations.again(asked);
    if (before) return before;
    const spec = await this.specs.of(body, meta.tenantId);
    const operationId = asked.mint('op');
    const instanceId = body.id ?? asked.mint('inst');
    if (body.id !== undefined) await this.#choose(body.id, asked);
    const { vcpus, memoryMiB, diskGiB } = spec;
    // The reservation comes first, so that what is beyond the quota is refused at once and not an operation later.
    const reservation = beside(meta, 'quota');
    const { events: reserved } = await this.commands.execute(
      new ReserveQuota({ instanceId, operationId, name: body.name, vcpus, memoryMiB, diskGiB }, reservation),
      validateOnly,
    );
    let created: Done = { events: [], version: 0 };
    try {
      const command = new CreateInstance({ instanceId, operationId, name: body.name, spec }, meta);
      created = await this.commands.execute(command, validateOnly);
    } finally {
      // Refused, or there already: then it has a reservation of its own, or has given it back.
      const surplus = reserved.length > 0 && created.events.length === 0;
      if (surplus) await this.commands.execute(new ReleaseQuota({ instanceId }, beside(meta, 'release')));
    }
    const resource = { type: 'instance', id: instanceId };
    const { tenantId } = meta;
    return this.operations.begun(
      created,
      { id: operationId, name: 'provision-instance', resource, tenantId, since },
      validateOnly,
    );
  }

  /** An id that we have minted is in no list of chosen ones; whose it is, the view knows. */
  async #choose(instanceId: string, { meta, validateOnly }: Asked<typeof instances.create>): Promise<void> {
    const row = await this.views.instances.get(instanceId);
    if (row && row.tenantId !== meta.tenantId) throw new RejectedError(idTaken(instanceId));
    await this.commands.execute(new ChooseInstanceId({ instanceId }, beside(meta, 'id')), validateOnly);
  }
}
