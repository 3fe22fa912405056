import { api } from '@strata/contracts';
import { waitFor } from '../ask/operation-wait.js';
import { requestOf } from '../ask/request.js';
import { print } from '../show/output.js';
import { verb } from './endpoint-verb.js';
import { operationView as view } from './operation-view.js';
import type { Call, Noun } from './verb.js';
import { id, special, wordOf } from './verb.js';

const { list, show, cancel } = api.operations;

const wait = async ({ verb: asking, given, globals, io, client }: Call): Promise<void> => {
  const begun = await client().ask(
    show,
    requestOf(show, given, (key) => wordOf(asking, key)),
  );
  await print(io, globals, await waitFor(client(), io, begun, begun.name), view);
};

export const operation: Noun = {
  name: 'operation',
  summary: 'work that takes time, with its steps',
  verbs: [
    verb('list', list, {
      view,
      flags: [
        { spec: '--resource <id>', into: 'resource', text: 'only those about this thing' },
        { spec: '--status <status>', into: 'status', text: 'only running, undoing, succeeded, failed, cancelled' },
      ],
    }),
    verb('show', show, { view, takes: [id] }),
    special('wait', show, { summary: 'Wait for the end of an operation', takes: [id], perform: wait }),
    verb('cancel', cancel, { view, takes: [id], wanted: 'cancelled' }),
  ],
};
