import { Controller } from '@nestjs/common';
import { quotas } from '@strata/contracts';
import type { QuotaAmounts, QuotaView } from '@strata/contracts';
import { streamName } from '@strata/event-store';
import type { Moment } from '@strata/event-store';
import { Asked, Moments, Implement } from '@strata/http';
import { Commands } from '../rules.js';
import { SetQuota, quota } from './quota.js';

@Controller()
export class QuotaHttp {
  constructor(
    private readonly commands: Commands,
    private readonly moments: Moments,
  ) {}

  @Implement(quotas.show)
  async show(@Asked(quotas.show) { query, meta }: Asked<typeof quotas.show>) {
    const moment = await this.moments.at(query.at);
    return this.moments.shown(await this.#at(moment, meta.tenantId), moment);
  }

  @Implement(quotas.set)
  async set(@Asked(quotas.set) { body, meta, validateOnly }: Asked<typeof quotas.set>): Promise<QuotaView> {
    // What is left out is not a limit of nothing: it stays as it is.
    const limits: Partial<QuotaAmounts> = Object.fromEntries(
      Object.entries(body).filter(([, limit]) => limit !== undefined),
    );
    await this.commands.execute(new SetQuota({ limits }, meta), validateOnly);
    return this.#at(await this.moments.now(), meta.tenantId);
  }

  async #at(moment: Moment, tenantId: string): Promise<QuotaView> {
    const { limits, used } = await moment.state(quota, streamName(quota, tenantId, tenantId));
    return { tenantId, limits, used };
  }
}
