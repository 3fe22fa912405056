import type { Cause } from '@strata/contracts';
import { api } from '@strata/contracts';
import { requestOf } from '../ask/request.js';
import { print } from '../show/output.js';
import { cellOf } from '../show/view.js';
import { footOf } from './past.js';
import type { Call } from './verb.js';
import { wordOf } from './verb.js';

const said = ({ id, kind, what, at, position, source, by }: Cause): string => {
  const notes = [
    kind !== 'event' && kind !== what && kind,
    position !== null && `${source === '/iaas' ? '' : `${source?.slice(1)} `}#${position}`,
    at,
    by !== null && `by ${by}`,
    kind !== 'call' && id !== what && id,
  ].filter((note) => typeof note === 'string');
  return cellOf(`${what}${notes.length > 0 ? `  (${notes.join(', ')})` : ''}`);
};

/** A cause and below it, deeper, all its effects. */
export const treeOf = (cause: Cause, before = '', below = ''): string =>
  [
    `${before}${said(cause)}\n`,
    ...cause.effects.map((effect, at) => {
      const last = at === cause.effects.length - 1;
      return treeOf(effect, `${below}${last ? '└─ ' : '├─ '}`, `${below}${last ? '   ' : '│  '}`);
    }),
  ].join('');

export const explainCauses = async ({ verb, given, globals, io, client }: Call): Promise<void> => {
  const request = requestOf(api.events.why, given, (key) => wordOf(verb, key));
  let headers: Headers | undefined;
  const answer = await client().ask(api.events.why, request, { heard: (it) => (headers = it) });
  if (globals.output !== 'table') return print(io, globals, answer, { columns: {}, name: 'id' });
  for (const root of answer.roots) io.stdout.write(treeOf(root));
  footOf({ given, globals, io }, headers);
};
