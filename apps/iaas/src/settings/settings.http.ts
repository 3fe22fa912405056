import { Controller } from '@nestjs/common';
import { settings as contract } from '@strata/contracts';
import type { SettingsView } from '@strata/contracts';
import { Aggregates, streamName } from '@strata/event-store';
import { Asked, Implement } from '@strata/http';
import { Commands } from '../rules.js';
import { ChangeSettings, settings } from './settings.js';

@Controller()
export class SettingsHttp {
  constructor(
    private readonly commands: Commands,
    private readonly aggregates: Aggregates,
  ) {}

  @Implement(contract.show)
  async show(@Asked(contract.show) { meta }: Asked<typeof contract.show>): Promise<SettingsView> {
    return this.#shown(meta.tenantId);
  }

  @Implement(contract.set)
  async set(@Asked(contract.set) { body, meta, validateOnly }: Asked<typeof contract.set>): Promise<SettingsView> {
    const { keepDeletedSeconds } = body;
    const wanted = keepDeletedSeconds === undefined ? {} : { keepDeletedSeconds };
    await this.commands.execute(new ChangeSettings({ settings: wanted }, meta), validateOnly);
    return this.#shown(meta.tenantId);
  }

  async #shown(tenantId: string): Promise<SettingsView> {
    const { state } = await this.aggregates.load(settings, streamName(settings, tenantId, tenantId));
    return { tenantId, ...state };
  }
}
