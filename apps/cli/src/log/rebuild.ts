import { api } from '@strata/contracts';
import type { LogRebuild } from '@strata/contracts';
import { randomUUID } from 'node:crypto';
import { waitFor } from '../ask/operation-wait.js';
import { requestOf } from '../ask/request.js';
import { operationView } from '../nouns/operation-view.js';
import type { Call } from '../nouns/verb.js';
import { wordOf } from '../nouns/verb.js';
import { print } from '../show/output.js';
import { grouped } from '../show/progress.js';
import { viewOf } from '../show/view.js';

const view = viewOf<LogRebuild['views'][number]>(
  { VIEW: 'view', ROWS: 'rows', HASH_BEFORE: 'before', HASH_AFTER: 'after' },
  'view',
);

/** Begins it, follows it, and shows what came of it. */
export const rebuildViews = async ({ verb, given, globals, io, client }: Call): Promise<void> => {
  // A list of words that is left out is an empty list.
  const words = Array.isArray(given['views']) && given['views'].length === 0 ? {} : given;
  const asked = requestOf(api.logs.rebuild, words, (key) => wordOf(verb, key));
  const request = globals.dryRun ? { ...asked, query: { validateOnly: 'true' } } : asked;
  const manner = { idempotencyKey: globals.idempotencyKey ?? randomUUID() };
  const begun = await client().ask(api.logs.rebuild, request, manner);
  if (globals.async || globals.dryRun) return print(io, globals, begun, operationView);
  await waitFor(client(), io, begun, 'rebuild');
  const rebuilt = await client().ask(api.logs.rebuilt);
  await print(io, globals, globals.output === 'table' ? rebuilt.views : rebuilt, view);
  if (globals.output !== 'table') return;
  const { events, seconds, eventsPerSecond, views } = rebuilt;
  io.stdout.write(`${grouped(events)} events in ${seconds.toFixed(1)} s: ${grouped(eventsPerSecond)} events/s\n`);
  const changed = views.filter(({ before, after }) => before !== null && before !== after);
  if (changed.length > 0) {
    io.stderr.write(`the rows of ${changed.map((it) => it.view).join(', ')} were not what the log says\n`);
  }
};
