import { Injectable } from '@nestjs/common';
import { streamName } from '@strata/event-store';
import type { Moment } from '@strata/event-store';
import { ProblemError, problem } from '@strata/http';
import { quota } from '../quota/quota.js';
import { Views } from '../views.js';
import { instance } from './instance.js';
import { exists } from './instance-state.js';
import type { ExistingInstance } from './instance-state.js';

/** An instance, and the moment at which it was so. */
type Found = Readonly<{ id: string; it: ExistingInstance; moment: Moment }>;

/** How often a view may turn out to have come further, before what it says is taken as it is. */
const TRIES = 3;

/** From what people write to the thing they mean, and the words for what a host cannot do. */
@Injectable()
export class InstanceRequests {
  constructor(private readonly views: Views) {}

  /** By id or name, of this tenant only: another tenant's id answers exactly as an unknown one. @throws ProblemError */
  async find(idOrName: string, tenantId: string, asked: Moment): Promise<Found> {
    const named = idOrName.startsWith('inst_') ? { moment: asked } : await this.#named(idOrName, tenantId, asked);
    const { id = idOrName, moment } = named;
    const it = await moment.state(instance, streamName(instance, id, tenantId));
    if (!exists(it) || it.tenantId !== tenantId)
      throw problem('instance.not-found', `there is no instance "${idOrName}"`);
    return { id, it, moment };
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

  /**
   * The reservation knows a name before any view does; an instance that failed has no reservation any more. A view may
   * have come further than the moment that was asked for: then both are asked as of there.
   */
  async #named(name: string, tenantId: string, asked: Moment): Promise<Readonly<{ id?: string; moment: Moment }>> {
    let moment = asked;
    for (let tries = TRIES; ; tries--) {
      const { names } = await moment.state(quota, streamName(quota, tenantId, tenantId));
      const reserved = names.get(name);
      if (reserved !== undefined) return { id: reserved, moment };
      const { rows, position } = await (
        await moment.rows(this.views.instances, tenantId)
      ).list({ where: { name }, orderBy: ['createdAt'], direction: 'descending', limit: 1 });
      if (position === moment.position || tries === 0) return { ...(rows[0] && { id: rows[0].id }), moment };
      moment = moment.at(position);
    }
  }
}
