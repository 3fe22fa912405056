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
import { CreateInstance } from './instance-building.js';
import { ClaimInstanceId, idIsTaken } from './instance-id.js';
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
    const { vcpus, memoryMiB, diskGiB } = spec;
    // The reservation comes first, so that what is beyond the quota is refused at once and not an operation later.
    const reserve = new ReserveQuota(
      { instanceId, operationId, name: body.name, vcpus, memoryMiB, diskGiB },
      beside(meta, 'quota'),
    );
    const create = new CreateInstance({ instanceId, operationId, name: body.name, spec }, meta);
    if (body.id !== undefined) await this.#claim(instanceId, [reserve, create], validateOnly);
    const { events: reserved } = await this.commands.execute(reserve, validateOnly);
    let created: Done = { events: [], version: 0 };
    try {
      created = await this.commands.execute(create, validateOnly);
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

  /**
   * Whoever chooses an id claims it for its tenant, if nothing else stands in the way: a claim is for ever. An id that we gave
   * out is known by its instance alone.
   * @throws RejectedError
   */
  async #claim(
    instanceId: string,
    rest: readonly [ReserveQuota, CreateInstance],
    validateOnly: boolean,
  ): Promise<void> {
    const { meta } = rest[1];
    await this.views.instances.catchUp();
    const holder = await this.views.instances.get(instanceId);
    if (holder && holder.tenantId !== meta.tenantId) throw new RejectedError(idIsTaken(instanceId));
    const claim = new ClaimInstanceId({ instanceId }, beside(meta, 'id'));
    for (const command of [claim, ...rest]) await this.commands.execute(command, true);
    await this.commands.execute(claim, validateOnly);
  }
}
