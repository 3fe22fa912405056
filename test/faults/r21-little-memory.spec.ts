import { startPostgres } from '@strata/embedded-postgres';
import { PostgresEventStore } from '@strata/event-store';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { history } from '../../apps/iaas/src/iaas.module.js';
import { Copies } from '../bench/history/copies.js';
import { record } from '../bench/history/recording.js';
import { azureTrace, readAzureTrace, twoHours } from '../load/azure-trace.js';
import { Ledger } from '../load/ledger.js';
import { play } from '../load/player.js';
import { ServerProcess } from '../load/server-process.js';
import { until } from '../platform.js';
import { evidenceOf } from './evidence.js';
import { extent } from './extent.js';
import { brokenIn } from './invariants.js';
import { LittleMemory } from './little-memory.js';
import type { Folded } from './rebuild-worker.js';

/*
 * R21. A log of 500,000 events is folded, and folded anew, by a process that may have 256 MiB, of which 160 are for its heap. And
 * a server whose event loop stands still for half a second again and again concludes nothing from it: no host is lost, no
 * operation fails, no subscription stops. In `npm test`: 40,000 events, and 6 stalls. Full: 5 minutes.
 */

const { events, stalls, slice } = extent({
  short: { events: 40_000, stalls: 6, slice: 150 },
  full: { events: 500_000, stalls: 60, slice: 1_500 },
});
const HEAP_MIB = 160;
const MEMORY_MIB = 256;

const worker = fileURLToPath(import.meta.resolve('./rebuild-worker.js'));
const stall = import.meta.resolve('./stall.js');

describe('R21: little memory', () => {
  it(`is enough to fold ${events} events, twice`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'strata-fault-'));
    const postgres = await startPostgres({ folder, fsync: false });
    const memory = LittleMemory.of(MEMORY_MIB);
    if (!memory)
      console.log('R21: without a group of its own, the memory of the process is looked at, and not bounded');
    try {
      const store = await PostgresEventStore.open({ url: postgres.url, schema: 'iaas', history });
      const { before, again } = await record();
      const copies = new Copies(store.log);
      await copies.tell(before);
      await copies.repeat(again, Math.ceil(events / again.length), { names: 100, ms: 20_000 });
      await store.close();

      const [program, ...words] = [...(memory?.words ?? []), process.execPath, `--max-old-space-size=${HEAP_MIB}`];
      const { stdout } = await promisify(execFile)(program, [...words, worker, postgres.url], { timeout: 580_000 });
      const folded = JSON.parse(stdout) as Folded; // Written by rebuild-worker.ts.
      console.log(
        `R21: ${folded.events} events folded in ${folded.foldSeconds.toFixed(1)} s, and anew in ` +
          `${folded.rebuildSeconds.toFixed(1)} s, in ${folded.peakMiB.toFixed(0)} MiB at most`,
      );
      expect(folded.events).toBeGreaterThanOrEqual(events);
      expect(folded.differing).toEqual([]);
      expect(folded.peakMiB).toBeLessThan(MEMORY_MIB);
    } finally {
      memory?.remove();
      await postgres.stop();
      await rm(folder, { recursive: true, force: true });
    }
  }, 900_000);
});

const trace = azureTrace();
if ('reason' in trace) console.warn(`SKIPPED: R21, an event loop that stalls under load: ${trace.reason}`);

describe('R21: an event loop that stands still for half a second', () => {
  ('folder' in trace ? it : it.skip)(
    `${stalls} times is no reason to give anybody up`,
    async () => {
      const cloud = await ServerProcess.start({ hosts: 20, node: ['--import', stall] });
      try {
        const ledger = new Ledger();
        const events = readAzureTrace('folder' in trace ? trace.folder : '', twoHours).slice(0, slice);
        let isPlaying = true;
        const playing = play(events, { asker: cloud.asker, ledger, concurrency: 16, withinMs: 300_000 }).finally(
          () => (isPlaying = false),
        );
        for (let n = 0; n < stalls; n++) {
          cloud.signal('SIGWINCH');
          await pause(900);
        }
        await until('all is acknowledged', async () => !isPlaying, 300);
        await playing;
        const { items: hosts } = (await cloud.asker.read('/v1/hosts')) as { items: { status: string }[] }; // by contract
        expect(hosts.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 'up'));
        expect(JSON.parse((await cloud.asker.ask({ method: 'GET', path: '/readyz' })).text)).toMatchObject({
          status: 'ok',
        });
        const evidence = await evidenceOf(cloud, ledger);
        expect(brokenIn(evidence).slice(0, 20)).toEqual([]);
        expect(evidence.operations.filter(({ status }) => status !== 'succeeded')).toEqual([]);
        expect(evidence.events.filter(({ type }) => type === 'HostLost' || type === 'InstanceDrifted')).toEqual([]);
        expect(ledger.surprises).toEqual([]);
      } finally {
        await cloud.remove();
      }
    },
    600_000,
  );
});
