import { startPostgres } from '@strata/embedded-postgres';
import { PostgresEventStore } from '@strata/event-store';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Conditions, Measurement } from '../bench.js';
import { makeFolder } from '../cloud-process.js';
import { atMost, short } from '../figure.js';
import type { RebuiltAll } from './all-views.js';
import { Copies } from './copies.js';
import { record } from './recording.js';

const EVENTS = 1_000_000;
const QUICK = 100_000;
const STRIDE = { names: 100, ms: 20_000 };
const LIMIT = { seconds: 60, MiB: 512 };
const SCHEMA = 'iaas';

const program = fileURLToPath(import.meta.resolve('./rebuild-process.js'));

type Result = RebuiltAll & Readonly<{ peakMiB: number; cpuSeconds: number }>;

/** All read models of the service from the log alone, in a process that does nothing else. */
export const measureRebuild: Measurement = async (conditions) => {
  const { ends, tell, quick } = conditions;
  const folder = await makeFolder(ends);
  const postgres = await startPostgres({ folder: join(folder, 'postgres'), fsync: true });
  ends.add(() => postgres.stop());
  const events = await fill(postgres.url, quick ? QUICK : EVENTS, conditions);
  tell(`all read models from ${events.toLocaleString('en')} events`);
  const first = await rebuild(postgres.url, ends);
  tell('once more, over the rows that are there now');
  const again = await rebuild(postgres.url, ends);
  if (first.events !== events) throw new Error(`${first.events} of ${events} events were folded`);
  if (first.hash !== again.hash) throw new Error('the same events came to other rows the second time');
  const rate = `${short(events / first.seconds)} events/s, ${first.rows.toLocaleString('en')} rows`;
  const cpu = `CPU of the process ${short(first.cpuSeconds)} s`;
  const name = `rebuild of all read models from ${events.toLocaleString('en')} events`;
  return [
    atMost(LIMIT.seconds, {
      name,
      unit: 's',
      ours: first.seconds,
      versus: 'limit',
      theirs: LIMIT.seconds,
      note: `${rate}; ${cpu}; again ${short(again.seconds)} s, with equal hashes`,
    }),
    atMost(LIMIT.MiB, {
      name: `${name}, peak memory`,
      unit: 'MiB',
      ours: Math.max(first.peakMiB, again.peakMiB),
      versus: 'limit',
      theirs: LIMIT.MiB,
      note: `resident memory of the process at its highest; ${short(again.peakMiB)} the second time`,
    }),
  ];
};

const fill = async (url: string, wanted: number, { tell }: Pick<Conditions, 'tell'>): Promise<number> => {
  tell('recording what happens to a few instances');
  const { before, again } = await record();
  const store = await PostgresEventStore.open({ url, schema: SCHEMA });
  const copies = new Copies(store.log);
  let told = 0;
  const once = await copies.tell(before);
  const many = await copies.repeat(again, Math.ceil((wanted - once) / again.length), STRIDE, (stored) => {
    if (stored < told + wanted / 5) return;
    told = stored;
    tell(`${stored.toLocaleString('en')} events stored`);
  });
  await store.close();
  return once + many;
};

const rebuild = async (url: string, ends: Conditions['ends']): Promise<Result> => {
  // As `npm start` runs the server.
  const flags = ['--enable-source-maps', '--max-semi-space-size=32'];
  const running = promisify(execFile)(process.execPath, [...flags, program, url, SCHEMA], { maxBuffer: 1 << 24 });
  const end = ends.add(async () => void running.child.kill('SIGKILL'));
  const { stdout } = await running;
  await end();
  return JSON.parse(stdout) as Result; // Written by rebuild-process.ts.
};
