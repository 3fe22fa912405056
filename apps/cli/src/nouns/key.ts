import type { AnswerOf, KeyView } from '@strata/contracts';
import { api, roles } from '@strata/contracts';
import { usage } from '../ask/failure.js';
import { viewOf } from '../show/view.js';
import { verb } from './endpoint-verb.js';
import type { Noun } from './verb.js';
import { nameOrId, newName } from './verb.js';

const { list, show, create, ...rest } = api.keys;

const view = viewOf<KeyView>(
  {
    NAME: 'name',
    STATUS: 'status',
    KIND: 'kind',
    ROLE: 'role',
    READ_ONLY: 'readOnly',
    ONLY: 'only',
    EXPIRES: 'expiresAt',
    LAST_USED: 'lastUsedAt',
    USER: 'userId',
    ID: 'id',
  },
  'id',
);

/** The only time that the secret is seen; `-o name` gives nothing else, for scripts. */
const created = viewOf<AnswerOf<typeof create>>(
  { NAME: 'name', ROLE: 'role', EXPIRES: 'expiresAt', ID: 'id', SECRET: 'secret' },
  'secret',
);

const units = { m: 60, h: 3600, d: 86_400 } as const;

/** `30d` from now, or a time. */
export const endOf = (word: string): string => {
  const [, count, unit] = /^(\d{1,6})([mhd])$/.exec(word) ?? [];
  // The expression allows these units only.
  if (count && unit)
    return new Date(Date.now() + Number(count) * units[unit as keyof typeof units] * 1000).toISOString();
  if (Number.isNaN(Date.parse(word))) throw usage(`"${word}" is neither a span such as 30d nor a time`);
  return new Date(word).toISOString();
};

const nounsOf = (word: string): readonly string[] => word.split(',').filter(Boolean);

export const key: Noun = {
  name: 'key',
  summary: 'what programs and sessions carry',
  verbs: [
    verb('create', create, {
      view: created,
      takes: [newName],
      flags: [
        { spec: '--role <role>', into: 'role', text: `at most your own: ${roles.join(', ')}` },
        { spec: '--read-only', into: 'readOnly', means: true, text: 'it may look and change nothing' },
        { spec: '--only <nouns>', into: 'only', read: nounsOf, repeats: 'list', text: 'such as instances,volumes' },
        { spec: '--expires <span-or-time>', into: 'expiresAt', read: endOf, text: '12h, 30d or a time' },
        { spec: '--user <user>', into: 'user', text: 'whom it stands for (default: yourself)' },
      ],
      examples: ['strata key create ci --role operator --only instances,operations --expires 90d'],
    }),
    verb('list', list, {
      view,
      flags: [{ spec: '--user <user>', into: 'user', text: 'whose (default: yours); all: of everybody' }],
    }),
    verb('show', show, { view, takes: [nameOrId] }),
    verb('delete', rest.delete, { view, takes: [nameOrId] }),
  ],
};
