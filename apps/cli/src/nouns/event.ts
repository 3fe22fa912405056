import type { CloudEvent } from '@strata/contracts';
import { api } from '@strata/contracts';
import { viewOf } from '../show/view.js';
import { verb } from './endpoint-verb.js';
import { pastOf } from './past.js';
import type { Flag, Noun } from './verb.js';
import { amount, special } from './verb.js';

const { list, why } = api.events;

const view = viewOf<CloudEvent>(
  { POSITION: 'position', TIME: 'time', TYPE: 'type', SUBJECT: 'subject', ACTOR: 'actor', ID: 'id' },
  'id',
);

const filters: readonly Flag[] = [
  amount('--since <position>', 'since', 'only those after this position (default: 0, the beginning)'),
  { spec: '--resource <id>', into: 'resource', text: 'only what concerns this thing' },
  { spec: '--type <type>', into: 'type', text: 'only of this type' },
];

export const event: Noun = {
  name: 'event',
  summary: 'what happened, in the order of the log',
  verbs: [
    verb('list', list, { view, flags: filters }),
    special('tail', list, {
      summary: 'Follow events as they happen',
      flags: filters,
      perform: async (call) => (await import('./event-tail.js')).tail(call),
    }),
  ],
};

export const whyVerb = special('why', why, {
  takes: [{ spec: '<id>', into: 'id', text: 'id, or the name of an instance, image or network' }],
  flags: pastOf(why),
  examples: ['strata why inst_01h455vb4pex5vsknk084sn02q'],
  perform: async (call) => (await import('./why.js')).explainCauses(call),
});
