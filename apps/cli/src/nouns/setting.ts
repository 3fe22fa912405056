import type { SettingsView } from '@strata/contracts';
import { api } from '@strata/contracts';
import { viewOf } from '../show/view.js';
import { verb } from './endpoint-verb.js';
import type { Noun } from './verb.js';
import { amount } from './verb.js';

const view = viewOf<SettingsView>({ TENANT: 'tenantId', KEEP_DELETED_SECONDS: 'keepDeletedSeconds' }, 'tenantId');

export const setting: Noun = {
  name: 'setting',
  summary: 'how a tenant wants things done',
  verbs: [
    verb('show', api.settings.show, { view }),
    verb('set', api.settings.set, {
      view,
      flags: [
        amount(
          '--keep-deleted-seconds <n>',
          'keepDeletedSeconds',
          'how long a deleted instance can be restored; 0: not',
        ),
      ],
    }),
  ],
};
