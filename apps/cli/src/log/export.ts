import { api } from '@strata/contracts';
import type { LogView } from '@strata/contracts';
import type { ExportedLog, Manifest } from '@strata/event-store';
import { resolve } from 'node:path';
import { Failure, exits } from '../ask/failure.js';
import type { Call } from '../nouns/verb.js';
import { print } from '../show/output.js';
import { grouped, progressLine } from '../show/progress.js';
import { viewOf } from '../show/view.js';
import { refusing } from './archives.js';

type Shown = Readonly<Pick<Manifest['logs'][number], 'name' | 'events' | 'position'>> &
  Readonly<{ files: number; bytes: number; signedUpTo: number | null }>;

const view = viewOf<Shown>(
  { LOG: 'name', EVENTS: 'events', POSITION: 'position', SIGNED_UP_TO: 'signedUpTo', FILES: 'files', BYTES: 'bytes' },
  'name',
);

/** Writes what the server tells into a folder on this machine, every line of it checked on the way. */
export const exportTo = async (call: Call): Promise<void> => {
  const { given, io, globals } = call;
  const folder = resolve(String(given['folder']));
  const { logs: all, keys } = await call.client().ask(api.logs.status);
  const chosen = all.filter(({ name }) => given['log'] === undefined || name === given['log']);
  if (chosen.length === 0) throw new Failure(exits.notFound, { title: `There is no log "${String(given['log'])}"` });
  const tenant = globals.tenant === undefined ? null : (await call.client().ask(api.platform.whoami)).tenantId;
  const line = progressLine(io);
  try {
    const manifest = await refusing(({ exportLogs }) =>
      exportLogs({
        folder,
        tenant,
        logs: chosen.map((log) => logOf(call, log, tenant)),
        keys: keys.map(({ id, publicKey }) => ({ id, pem: publicKey })),
        at: new Date().toISOString(),
        tell: (log, position) => line.say(`${log}: up to event ${grouped(position)}`),
      }),
    );
    line.end();
    const shown = manifest.logs.map(shownLog);
    await print(io, globals, globals.output === 'table' ? shown : manifest, view);
  } finally {
    line.end();
  }
};

const shownLog = ({ name, events, position, segments, checkpoints }: Manifest['logs'][number]): Shown => ({
  name,
  events,
  position,
  signedUpTo: checkpoints.at(-1)?.position ?? null,
  files: segments.length,
  bytes: segments.reduce((sum, { bytes }) => sum + bytes, 0),
});

/** A log up to its newest checkpoint: so the end of the export is signed. A damaged one is signed no more. */
const logOf = (call: Call, { name, position, checkpoint }: LogView, tenant: string | null): ExportedLog => ({
  name,
  position: checkpoint?.position ?? position,
  async *lines(after, upTo) {
    const query = { after, upTo, ...(tenant !== null && { tenant }) };
    const response = await call.client().send(api.logs.lines, { params: { id: name }, query }, { limit: Infinity });
    if (response.body) yield* linesIn(response.body);
  },
  async checkpoint(upTo) {
    const answer = await call.client().ask(api.logs.checkpoint, { params: { id: name }, query: { upTo } });
    return answer.checkpoint;
  },
});

async function* linesIn(body: AsyncIterable<Uint8Array>): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (lines.length > 0) yield lines;
  }
  if (rest !== '') yield [rest];
}
