import { Injectable } from '@nestjs/common';
import type { OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import { Clock } from '@strata/event-store';
import { v7 as uuid } from 'uuid';
import { Commands } from '../rules.js';
import { Views } from '../views.js';
import { ReleaseQuota } from './quota.js';

const EVERY = 30_000;
/** A request that has not made its instance by then has died. */
const PATIENCE = 120_000;

/** Gives back what was reserved by requests that died before their instance was. */
@Injectable()
export class ReservationSweep implements OnModuleInit, OnModuleDestroy {
  #stop = () => {};

  constructor(
    private readonly commands: Commands,
    private readonly views: Views,
    private readonly clock: Clock,
  ) {}

  onModuleInit() {
    const again = () => this.onModuleInit();
    // What a sweep could not reach, the next one will.
    this.#stop = this.clock.after(EVERY, () => void this.sweep().then(again, again));
  }

  onModuleDestroy() {
    this.#stop();
  }

  async sweep(): Promise<number> {
    const before = new Date(Date.parse(this.clock.now()) - PATIENCE).toISOString();
    const { rows } = await this.views.reservations.list({ where: { claimed: false }, limit: 1000 });
    const dead = rows.filter((row) => row.at < before);
    for (const { instanceId, tenantId } of dead) {
      const because = { actor: 'sweep', correlationId: instanceId, causationId: instanceId };
      await this.commands.report(
        new ReleaseQuota({ instanceId }, { commandId: uuid(), at: this.clock.now(), tenantId, ...because }),
      );
    }
    return dead.length;
  }
}
