import { Injectable, Logger } from '@nestjs/common';
import type { OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import { Clock } from '@strata/event-store';
import { TypeID } from 'typeid-js';
import { v5 as uuidFrom } from 'uuid';
import { Commands } from '../rules.js';
import { Views } from '../views.js';
import { PurgeInstance } from './instance-keeping.js';

const EVERY = 10_000;
const PAGE = 100;

/** Removes what was deleted and kept, once the time is over in which the deletion could be taken back. */
@Injectable()
export class PurgeSweep implements OnModuleInit, OnModuleDestroy {
  readonly #logger = new Logger(PurgeSweep.name);
  #stop = () => {};

  constructor(
    private readonly commands: Commands,
    private readonly views: Views,
    private readonly clock: Clock,
  ) {}

  onModuleInit() {
    this.#stop = this.clock.after(EVERY, () => {
      // What a sweep could not reach, the next one will.
      const failed = (error: unknown) => this.#logger.warn(`will sweep again: ${String(error)}`);
      void this.sweep()
        .catch(failed)
        .then(() => this.onModuleInit());
    });
  }

  onModuleDestroy() {
    this.#stop();
  }

  async sweep(): Promise<void> {
    const at = this.clock.now();
    const due = { where: { kept: true }, orderBy: ['purgeAt'], limit: PAGE } as const;
    const { rows } = await this.views.instances.list(due);
    for (const { id: instanceId, tenantId, kept } of rows) {
      if (!kept || kept.until > at) continue;
      // The same instance is purged once for one deletion, however often it is found here.
      const commandId = uuidFrom(`purge ${instanceId} ${kept.until}`, uuidFrom.URL);
      const operationId = `op_${TypeID.fromUUID('op', commandId).getSuffix()}`;
      const because = { tenantId, actor: 'sweep', correlationId: instanceId, causationId: instanceId };
      const purge = new PurgeInstance({ instanceId, operationId, until: kept.until }, { commandId, at, ...because });
      await this.commands.execute(purge);
    }
  }
}
