import { Injectable } from '@nestjs/common';
import { Aggregates, streamName } from '@strata/event-store';
import { ProblemError, problem } from '@strata/http';
import { quota } from '../quota/quota.js';
import { Views } from '../views.js';
import { instance } from './instance.js';
import { exists } from './instance-state.js';
import type { ExistingInstance } from './instance-state.js';

/** From what people write to the thing they mean, and the words for what a host cannot do. */
@Injectable()
export class InstanceRequests {
  constructor(
    private readonly aggregates: Aggregates,
    private readonly views: Views,
  ) {}

  /** By id or name, of this tenant only: another tenant's id answers exactly as an unknown one. @throws ProblemError */
  async find(idOrName: string, tenantId: string): Promise<Readonly<{ id: string; it: ExistingInstance }>> {
    const id = idOrName.startsWith('inst_') ? idOrName : ((await this.#idOf(idOrName, tenantId)) ?? idOrName);
    const { state } = await this.aggregates.load(instance, streamName(instance, id, tenantId));
    if (!exists(state) || state.tenantId !== tenantId)
      throw problem('instance.not-found', `there is no instance "${idOrName}"`);
    return { id, it: state };
  }

  /** A guest that cannot be reached is the asker's to know; anything else is ours. @throws ProblemError */
  async reach<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (error instanceof ProblemError) throw error;
      throw problem('instance.unreachable', error instanceof Error ? error.message : 'the guest cannot be reached');
    }
  }

  /** The reservation knows a name before any view does; an instance that failed has no reservation any more. */
  async #idOf(name: string, tenantId: string): Promise<string | undefined> {
    const { state } = await this.aggregates.load(quota, streamName(quota, tenantId, tenantId));
    const reserved = state.names.get(name);
    if (reserved !== undefined) return reserved;
    await this.views.instances.catchUp();
    const { rows } = await this.views.instances.of(tenantId).list({
      where: { name },
      orderBy: ['createdAt'],
      direction: 'descending',
      limit: 1,
    });
    return rows[0]?.id;
  }
}
