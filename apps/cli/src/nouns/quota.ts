import { api, quotaResources } from '@strata/contracts';
import type { View } from '../show/view.js';
import { fieldOf } from '../show/view.js';
import { verb } from './endpoint-verb.js';
import type { Noun } from './verb.js';
import { amount, sizes } from './verb.js';

/** One row for each resource: what is used, of how much. */
const view: View = {
  columns: { RESOURCE: 'resource', USED: 'used', LIMIT: 'limit' },
  name: 'tenantId',
  rows: (answer) =>
    quotaResources.map((resource) => ({
      resource,
      used: fieldOf(answer, `used.${resource}`),
      limit: fieldOf(answer, `limits.${resource}`),
    })),
};

export const quota: Noun = {
  name: 'quota',
  summary: 'how much a tenant may use',
  verbs: [
    verb('show', api.quotas.show, { view }),
    verb('set', api.quotas.set, { view, flags: [amount('--instances <n>', 'instances', 'instances'), ...sizes] }),
  ],
};
