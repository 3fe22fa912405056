import type { UserView } from '@strata/contracts';
import { api, roles } from '@strata/contracts';
import { viewOf } from '../show/view.js';
import { verb } from './endpoint-verb.js';
import { askPassword, changedPassword, passwordStdin, withPassword } from './password.js';
import type { Noun } from './verb.js';
import { nameOrId, newName } from './verb.js';

const { list, show, create, grant, revoke, password, ...rest } = api.users;

const view = viewOf<UserView>(
  {
    NAME: 'name',
    STATUS: 'status',
    ROLE: 'role',
    EMAIL: 'email',
    DISPLAY_NAME: 'displayName',
    CAN_LOG_IN: 'canLogIn',
    CREATED: 'createdAt',
    ID: 'id',
  },
  'name',
);

const someRole = roles.join(', ');

export const user: Noun = {
  name: 'user',
  summary: 'people and programs, and their roles in a tenant',
  verbs: [
    verb('create', create, {
      view,
      takes: [newName],
      flags: [
        { spec: '--role <role>', into: 'role', text: `in the tenant: ${someRole}` },
        { spec: '--email <address>', into: 'email', text: 'may be used to log in, too' },
        { spec: '--display-name <words>', into: 'displayName', text: 'how people call the user' },
        askPassword,
        passwordStdin,
      ],
      prepare: withPassword,
      examples: ['strata user create anna --role owner --email anna@example.org --password --tenant acme'],
    }),
    verb('list', list, { view }),
    verb('show', show, { view, takes: [nameOrId] }),
    verb('delete', rest.delete, { view, takes: [nameOrId] }),
    verb('grant', grant, { view, takes: [nameOrId, { spec: '<role>', into: 'role', text: someRole }] }),
    verb('revoke', revoke, { view, takes: [nameOrId] }),
    verb('password', password, {
      view,
      takes: [{ spec: '[name]', into: 'id', text: 'name or id (default: yourself)' }],
      flags: [
        {
          ...passwordStdin,
          text: 'read the new one from the first line of standard input, the current one from the second',
        },
      ],
      prepare: changedPassword,
    }),
  ],
};
