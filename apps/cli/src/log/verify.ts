import { api } from '@strata/contracts';
import type { LogProgress, LogReport } from '@strata/contracts';
import type * as EventStoreLibrary from '@strata/event-store';
import type { PublicKeys, Verification } from '@strata/event-store';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Failure, exits, usage } from '../ask/failure.js';
import { homeOf } from '../ask/home.js';
import { requestOf } from '../ask/request.js';
import { messagesOf } from '../ask/server-sent-events.js';
import type { Call } from '../nouns/verb.js';
import { wordOf } from '../nouns/verb.js';
import { print } from '../show/output.js';
import { grouped, progressLine } from '../show/progress.js';
import { cellOf, viewOf } from '../show/view.js';
import { refusing } from './archives.js';

type Report = Readonly<Omit<LogReport, 'faults'>> & Readonly<{ faults: readonly Fault[] }>;
type Fault = Readonly<Omit<LogReport['faults'][number], 'streams'>> & Readonly<{ streams: readonly string[] }>;
type Step = Readonly<{ progress: LogProgress }> | Readonly<{ verified: Report }>;
type Shown = Readonly<Pick<Report, 'log' | 'events' | 'hash' | 'eventsPerSecond'>> &
  Readonly<{ faults: number; signedUpTo: number | null }>;

const view = viewOf<Shown>(
  {
    LOG: 'log',
    EVENTS: 'events',
    FAULTS: 'faults',
    SIGNED_UP_TO: 'signedUpTo',
    EVENTS_PER_SECOND: 'eventsPerSecond',
    HASH: 'hash',
  },
  'log',
);

/** Exit 1 when anything is not what was stored. */
export const verifyLogs = async (call: Call): Promise<number> => {
  const { given, io, globals } = call;
  if (given['key'] !== undefined && given['folder'] === undefined) {
    throw usage('--key goes with --file', { help: 'The server knows the keys of its own home.' });
  }
  const line = progressLine(io);
  const reports: Report[] = [];
  try {
    for await (const step of given['folder'] === undefined ? asked(call) : ofExport(call)) {
      if ('verified' in step) reports.push(step.verified);
      else line.say(`${step.progress.log}: ${grouped(step.progress.events)} of ${grouped(step.progress.head)} events`);
    }
  } finally {
    line.end();
  }
  if (globals.output === 'table') await tell(call, reports);
  else await print(io, globals, reports, view);
  return reports.some(({ faults }) => faults.length > 0) ? exits.failure : exits.ok;
};

const tell = async ({ io, globals }: Call, reports: readonly Report[]): Promise<void> => {
  const shown = reports.map(({ faults, more, lastCheckpoint, ...report }) => ({
    ...report,
    faults: faults.length + more,
    signedUpTo: lastCheckpoint?.position ?? null,
  }));
  await print(io, globals, shown, view);
  for (const { log, faults, more } of reports) {
    for (const { kind, from, to, streams, what } of faults) {
      const where = from === to ? `${from}` : `${from} to ${to}`;
      const whose = streams.length > 0 ? ` (${streams.join(', ')})` : '';
      io.stdout.write(`${cellOf(`${log} ${where}: ${kind}${whose}: ${what}`)}\n`);
    }
    if (more > 0) io.stdout.write(`${log}: and ${more} more\n`);
  }
};

// ── The server's logs ────────────────────────────────────────────

async function* asked(call: Call): AsyncGenerator<Step> {
  const { log } = call.given;
  const request = requestOf(api.logs.verify, log === undefined ? {} : { log }, (key) => wordOf(call.verb, key));
  const manner = { limit: Infinity, headers: { accept: 'text/event-stream' } };
  const response = await call.client().send(api.logs.verify, request, manner);
  let isOver = false;
  for await (const { data } of response.body ? messagesOf(response.body) : []) {
    const told = JSON.parse(data) as LogProgress | Report; // The server's own words, by the contract.
    isOver = 'seconds' in told;
    yield 'seconds' in told ? { verified: told } : { progress: told };
  }
  if (!isOver) throw new Failure(exits.failure, { title: 'The server stopped before it was done', help: 'Ask again.' });
}

// ── An export ────────────────────────────────────────────────────

async function* ofExport(call: Call): AsyncGenerator<Step> {
  const folder = resolve(String(call.given['folder']));
  const { manifest, keys, verifyArchived } = await refusing(async (log) => {
    const opened = await log.openArchive(folder);
    return { manifest: opened, keys: await trusted(call, log, log.keysOf(opened)), verifyArchived: log.verifyArchived };
  });
  const { log: only } = call.given;
  const chosen = manifest.logs.filter(({ name }) => only === undefined || name === only);
  if (chosen.length === 0) throw new Failure(exits.notFound, { title: `The export has no log "${String(only)}"` });
  for (const log of chosen) {
    const steps: AsyncIterable<Verification> = verifyArchived(folder, manifest, log, keys);
    yield* steps;
  }
}

/** The keys that were named; else those of the export, with a word about who knows them. */
const trusted = async ({ given, io }: Call, log: typeof EventStoreLibrary, its: PublicKeys): Promise<PublicKeys> => {
  const file = given['key'];
  if (typeof file === 'string') {
    if (!existsSync(file)) throw usage(`There is no file ${file}`);
    return new log.PublicKeys(log.pemsIn(readFileSync(file, 'utf8')));
  }
  const home = await log.knownKeys(homeOf(io.env, io.checkout));
  for (const { id } of its.all()) {
    const whose = home.has(id)
      ? 'a key of this home'
      : 'which nobody but the export itself speaks for: compare it, or name the right ones with --key';
    io.stderr.write(`signed by ${id}, ${whose}\n`);
  }
  return its;
};
