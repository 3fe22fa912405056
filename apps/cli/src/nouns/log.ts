import { api } from '@strata/contracts';
import type { LogView } from '@strata/contracts';
import { print } from '../show/output.js';
import { viewOf } from '../show/view.js';
import type { Call, Noun, Operand, Verb } from './verb.js';
import { special } from './verb.js';

const { status, verify, rebuild } = api.logs;

const folder: Operand = { spec: '<folder>', into: 'folder', text: 'folder with the export' };

const local = { flags: [], changes: 'always' } as const;

type Shown = Readonly<Pick<LogView, 'name' | 'position' | 'views' | 'damage'> & { signedUpTo: number | null }>;
const view = viewOf<Shown>(
  { NAME: 'name', POSITION: 'position', SIGNED_UP_TO: 'signedUpTo', READ_MODELS: 'views', DAMAGE: 'damage' },
  'name',
);

const showStatus = async ({ io, globals, client }: Call): Promise<void> => {
  const { logs, keys } = await client().ask(status);
  const shown = logs.map(({ checkpoint, ...log }) => ({ ...log, signedUpTo: checkpoint?.position ?? null }));
  await print(io, globals, globals.output === 'table' ? shown : logs, view);
  if (globals.output === 'table') for (const { id } of keys) io.stdout.write(`public key ${id}\n`);
};

const exportVerb: Verb = {
  name: 'export',
  summary: 'Copy the logs into files that anybody can check; done again, it adds what has come since',
  takes: [folder],
  flags: [{ spec: '--log <name>', into: 'log', text: 'only this log' }],
  changes: 'nothing',
  examples: ['strata log export backup', 'strata log export of-blue --tenant blue'],
  perform: async (call) => (await import('../log/export.js')).exportTo(call),
};

const importVerb: Verb = {
  ...local,
  name: 'import',
  summary: 'Bring the logs of an export back into a home that has none yet, exactly as they were',
  takes: [folder],
  perform: async (call) => (await import('../log/import.js')).importFrom(call),
};

export const log: Noun = {
  name: 'log',
  summary: 'the logs themselves: proof, copies, and what is folded from them',
  verbs: [
    special('status', status, { summary: 'How the logs are', perform: showStatus }),
    special('verify', verify, {
      summary: 'Check that every event is what was stored; exit 1 when one is not',
      flags: [
        { spec: '--log <name>', into: 'log', text: 'only this log' },
        { spec: '--file <folder>', into: 'folder', text: 'an export instead of the server: nothing else is needed' },
        { spec: '--key <file>', into: 'key', text: 'believe only signatures of the public keys (PEM) in this file' },
      ],
      examples: ['strata log verify', 'strata log verify --file backup --key log-public-keys.pem'],
      perform: async (call) => (await import('../log/verify.js')).verifyLogs(call),
    }),
    {
      ...special('rebuild', rebuild, {
        summary:
          'Fold read models anew from the whole log, while the server serves; all of them, unless some are named',
        takes: [{ spec: '[view...]', into: 'views', text: 'read models, such as iaas/instance' }],
        perform: async (call) => (await import('../log/rebuild.js')).rebuildViews(call),
      }),
      changes: 'dry-runs',
    },
    exportVerb,
    importVerb,
  ],
};
