import { command } from '@strata/event-sourcing';
import type { Decider, Event } from '@strata/event-sourcing';

/** How a tenant wants things done. */
export type Settings = Readonly<{
  /** How long what is deleted can be restored. Nothing, until a tenant wants it otherwise. */
  keepDeletedSeconds: number;
}>;

export class ChangeSettings extends command('ChangeSettings')<{ settings: Partial<Settings> }> {}

export type SettingsEvent = Event<'SettingsChanged', { settings: Settings }>;

const initially: Settings = { keepDeletedSeconds: 0 };

export const settings: Decider<ChangeSettings, SettingsEvent, Settings> = {
  name: 'settings',
  initialState: initially,
  decide({ data }, it) {
    const wanted = { ...it, ...data.settings };
    const isSame = wanted.keepDeletedSeconds === it.keepDeletedSeconds;
    return isSame ? [] : [{ type: 'SettingsChanged', data: { settings: wanted } }];
  },
  evolve: (_it, { data }) => ({ ...initially, ...data.settings }),
};
