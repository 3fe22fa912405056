import { Controller } from '@nestjs/common';
import { quotas } from '@strata/contracts';
import type { QuotaAmounts, QuotaView } from '@strata/contracts';
import { Aggregates, streamName } from '@strata/event-store';
import { Asked, Implement } from '@strata/http';
import { Commands } from '../rules.js';
import { SetQuota, quota } from './quota.js';

@Controller()
export class QuotaHttp {
  constructor(
    private readonly commands: Commands,
    private readonly aggregates: Aggregates,
  ) {}

  @Implement(quotas.show)
  async show(@Asked(quotas.show) { meta }: Asked<typeof quotas.show>): Promise<QuotaView> {
    return this.#shown(meta.tenantId);
  }

  @Implement(quotas.set)
  async set(@Asked(quotas.set) { body, meta, validateOnly }: Asked<typeof quotas.set>): Promise<QuotaView> {
    // What is left out is not a limit of nothing: it stays as it is.
    const limits: Partial<QuotaAmounts> = Object.fromEntries(
      Object.entries(body).filter(([, limit]) => limit !== undefined),
    );
    await this.commands.execute(new SetQuota({ limits }, meta), validateOnly);
    return this.#shown(meta.tenantId);
  }

  async #shown(tenantId: string): Promise<QuotaView> {
    const { state } = await this.aggregates.load(quota, streamName(quota, tenantId, tenantId));
    return { tenantId, limits: state.limits, used: state.used };
  }
}
