import type { TenantView } from '@strata/contracts';
import { api } from '@strata/contracts';
import { viewOf } from '../show/view.js';
import { verb } from './endpoint-verb.js';
import type { Noun } from './verb.js';
import { nameOrId, newName } from './verb.js';

const { list, show, create, ...rest } = api.tenants;

const view = viewOf<TenantView>(
  { NAME: 'name', STATUS: 'status', ROLE: 'role', CREATED: 'createdAt', ID: 'id' },
  'name',
);

export const tenant: Noun = {
  name: 'tenant',
  summary: 'who owns things',
  verbs: [
    verb('create', create, {
      view,
      takes: [newName],
      flags: [{ spec: '--id <id>', into: 'id', text: 'the id to use (ten_…), so that asking twice is asking once' }],
    }),
    verb('list', list, { view }),
    verb('show', show, { view, takes: [nameOrId] }),
    verb('delete', rest.delete, { view, takes: [nameOrId] }),
  ],
};
