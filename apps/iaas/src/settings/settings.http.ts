import { Controller } from '@nestjs/common';
import { settings as contract } from '@strata/contracts';
import type { SettingsView } from '@strata/contracts';
import { streamName } from '@strata/event-store';
import type { Moment } from '@strata/event-store';
import { Asked, Implement, Moments } from '@strata/http';
import { Commands } from '../rules.js';
import { ChangeSettings, settings } from './settings.js';

@Controller()
export class SettingsHttp {
  constructor(
    private readonly commands: Commands,
    private readonly moments: Moments,
  ) {}

  @Implement(contract.show)
  async show(@Asked(contract.show) { query, meta }: Asked<typeof contract.show>) {
    const moment = await this.moments.at(query.at);
    return this.moments.shown(await this.#at(moment, meta.tenantId), moment);
  }

  @Implement(contract.set)
  async set(@Asked(contract.set) { body, meta, validateOnly }: Asked<typeof contract.set>): Promise<SettingsView> {
    const { keepDeletedSeconds } = body;
    const wanted = keepDeletedSeconds === undefined ? {} : { keepDeletedSeconds };
    await this.commands.execute(new ChangeSettings({ settings: wanted }, meta), validateOnly);
    return this.#at(await this.moments.now(), meta.tenantId);
  }

  async #at(moment: Moment, tenantId: string): Promise<SettingsView> {
    return { tenantId, ...(await moment.state(settings, streamName(settings, tenantId, tenantId))) };
  }
}
