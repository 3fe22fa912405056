import { sentences } from '@strata/testing/event-sourcing';
import { meta } from '../instance/instance.fixtures.js';
import { ChangeSettings, settings } from './settings.js';
import type { SettingsEvent } from './settings.js';

const { given } = sentences(settings);
const keep = (keepDeletedSeconds: number) => new ChangeSettings({ settings: { keepDeletedSeconds } }, meta);
const changed = (keepDeletedSeconds: number): SettingsEvent => ({
  type: 'SettingsChanged',
  data: { settings: { keepDeletedSeconds } },
});

describe('the settings of a tenant', () => {
  it('keep nothing that is deleted, at first', () => expect(given().state).toEqual({ keepDeletedSeconds: 0 }));
  it('are changed', () => given().when(keep(60)).then(changed(60)));
  it('are changed once', () => given(changed(60)).when(keep(60)).changesNothing());
  it('stay where nothing is said', () =>
    given(changed(60))
      .when(new ChangeSettings({ settings: {} }, meta))
      .changesNothing());
});
