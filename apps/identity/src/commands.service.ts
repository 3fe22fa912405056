import { Injectable } from '@nestjs/common';
import { Rejection } from '@strata/event-sourcing';
import type { Decider, Event, Meta } from '@strata/event-sourcing';
import { Aggregates, RejectedError, streamName } from '@strata/event-store';
import type { Done } from '@strata/event-store';
import { v5 as uuidFrom } from 'uuid';
import { KeyRing } from './key/key-ring.view.js';

type Asked = Readonly<{ meta: Meta }>;

/** The meta of a second command of one request: an id of its own that follows from the first. */
export const beside = (meta: Meta, what: string): Meta => ({ ...meta, commandId: uuidFrom(what, meta.commandId) });

/** The door for every change. What has changed is known to the key ring before anybody is answered. */
@Injectable()
export class Commands {
  constructor(
    private readonly aggregates: Aggregates,
    private readonly ring: KeyRing,
  ) {}

  /** `id`: of the thing, in the tenant that the command is for. With `validateOnly`, nothing changes. @throws RejectedError */
  async execute<C extends Asked, E extends Event, S>(
    decider: Decider<C, E, S>,
    id: string,
    command: C,
    validateOnly = false,
  ): Promise<Done> {
    if (validateOnly) {
      await this.check(decider, id, command);
      return { events: [], version: 0 };
    }
    const outcome = await this.aggregates.execute(decider, streamName(decider, id, command.meta.tenantId), command);
    if ('rejection' in outcome) throw new RejectedError(outcome.rejection);
    if (outcome.events.length > 0) await this.ring.catchUp();
    return outcome;
  }

  /** Whether the command would be carried out now. @throws RejectedError */
  async check<C extends Asked, E extends Event, S>(decider: Decider<C, E, S>, id: string, command: C): Promise<void> {
    const { state } = await this.aggregates.load(decider, streamName(decider, id, command.meta.tenantId));
    const decision = decider.decide(command, state);
    if (decision instanceof Rejection) throw new RejectedError(decision);
  }
}
