import { Controller } from '@nestjs/common';
import { instances } from '@strata/contracts';
import type { Endpoint, Operation } from '@strata/contracts';
import { Aggregates, streamName } from '@strata/event-store';
import { Asked, Implement, Moments } from '@strata/http';
import { HostDoor } from '../host/host-door.service.js';
import { Operations } from '../operation/operations.service.js';
import { Commands } from '../rules.js';
import { settings } from '../settings/settings.js';
import { Views } from '../views.js';
import { RunInGuest } from './instance-exec.js';
import { InstanceRequests } from './instance-requests.service.js';
import { RestoreInstance } from './instance-keeping.js';
import { DeleteInstance } from './instance-removal.js';
import { PauseInstance, RebootInstance, ResumeInstance, StartInstance, StopInstance } from './instance-power.js';
import type { InstanceCommand } from './instance.js';
import { shown } from './instance.view.js';

type Verb = Pick<Asked<Endpoint>, 'meta' | 'mint' | 'validateOnly' | 'since' | 'isRepeat'> &
  Readonly<{ params: { id: string } }>;

@Controller()
export class InstanceHttp {
  constructor(
    private readonly commands: Commands,
    private readonly operations: Operations,
    private readonly requests: InstanceRequests,
    private readonly hosts: HostDoor,
    private readonly aggregates: Aggregates,
    private readonly views: Views,
    private readonly moments: Moments,
  ) {}

  @Implement(instances.list)
  async list(@Asked(instances.list) { query, meta }: Asked<typeof instances.list>) {
    const { name, status, hostId } = query;
    const where = {
      ...(name !== undefined && { name }),
      ...(status && { status }),
      ...(hostId !== undefined && { hostId }),
    };
    return this.moments.page(
      'instances',
      query,
      async (moment, part) => {
        const rows = await moment.rows(this.views.instances, meta.tenantId);
        return rows.list({ where, orderBy: ['createdAt'], ...part });
      },
      (row) => shown(row.id, row),
    );
  }

  @Implement(instances.show)
  async show(@Asked(instances.show) { params, query, meta }: Asked<typeof instances.show>) {
    const asked = await this.moments.at(query.at);
    const { id, it, moment } = await this.requests.find(params.id, meta.tenantId, asked);
    return this.moments.shown(shown(id, it), moment);
  }

  @Implement(instances.start)
  start(@Asked(instances.start) asked: Asked<typeof instances.start>) {
    return this.#ask('start-instance', asked, (it) => new StartInstance(it, asked.meta));
  }

  @Implement(instances.stop)
  stop(@Asked(instances.stop) asked: Asked<typeof instances.stop>) {
    const { graceSeconds } = asked.body;
    return this.#ask('stop-instance', asked, (it) => new StopInstance({ ...it, graceSeconds }, asked.meta));
  }

  @Implement(instances.reboot)
  reboot(@Asked(instances.reboot) asked: Asked<typeof instances.reboot>) {
    const { graceSeconds } = asked.body;
    return this.#ask('reboot-instance', asked, (it) => new RebootInstance({ ...it, graceSeconds }, asked.meta));
  }

  @Implement(instances.pause)
  pause(@Asked(instances.pause) asked: Asked<typeof instances.pause>) {
    return this.#ask('pause-instance', asked, (it) => new PauseInstance(it, asked.meta));
  }

  @Implement(instances.resume)
  resume(@Asked(instances.resume) asked: Asked<typeof instances.resume>) {
    return this.#ask('resume-instance', asked, (it) => new ResumeInstance(it, asked.meta));
  }

  @Implement(instances.delete)
  async delete(@Asked(instances.delete) asked: Asked<typeof instances.delete>) {
    const { tenantId } = asked.meta;
    const { state } = await this.aggregates.load(settings, streamName(settings, tenantId, tenantId));
    const keepSeconds = asked.query.now === 'true' ? 0 : state.keepDeletedSeconds;
    const name = keepSeconds > 0 ? 'schedule-deletion' : 'delete-instance';
    return this.#ask(name, asked, (it) => new DeleteInstance({ ...it, keepSeconds }, asked.meta));
  }

  @Implement(instances.restore)
  restore(@Asked(instances.restore) asked: Asked<typeof instances.restore>) {
    return this.#ask('restore-instance', asked, (it) => new RestoreInstance(it, asked.meta));
  }

  @Implement(instances.exec)
  async exec(@Asked(instances.exec) { params, body, meta }: Asked<typeof instances.exec>) {
    const { id, it } = await this.#find(params.id, meta.tenantId);
    await this.commands.execute(new RunInGuest({ instanceId: id }, meta));
    return this.requests.reach(() =>
      this.hosts.servicesOf(it.placement?.hostId).exec(id, body.argv, body.timeoutSeconds * 1000),
    );
  }

  @Implement(instances.log)
  async log(@Asked(instances.log) { params, query, meta }: Asked<typeof instances.log>) {
    const { id, it } = await this.#find(params.id, meta.tenantId);
    if (!it.placement) return { log: '' };
    return { log: await this.requests.reach(() => this.hosts.servicesOf(it.placement?.hostId).log(id, query.bytes)) };
  }

  async #find(idOrName: string, tenantId: string) {
    return this.requests.find(idOrName, tenantId, await this.moments.now());
  }

  async #ask(
    name: string,
    asked: Verb,
    command: (it: { instanceId: string; operationId: string }) => InstanceCommand,
  ): Promise<Operation> {
    const before = await this.operations.again(asked);
    if (before) return before;
    const { id: instanceId } = await this.#find(asked.params.id, asked.meta.tenantId);
    const operationId = asked.mint('op');
    const done = await this.commands.execute(command({ instanceId, operationId }), asked.validateOnly);
    return this.operations.begun(
      done,
      {
        id: operationId,
        name,
        resource: { type: 'instance', id: instanceId },
        tenantId: asked.meta.tenantId,
        since: asked.since,
      },
      asked.validateOnly,
    );
  }
}
