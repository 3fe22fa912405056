import { setTimeout as pause } from 'node:timers/promises';
import { azureTrace, readAzureTrace, twoHours } from '../load/azure-trace.js';
import { Ledger, tallyOf } from '../load/ledger.js';
import { play } from '../load/player.js';
import { ServerProcess } from '../load/server-process.js';
import { until } from '../platform.js';
import { evidenceOf } from './evidence.js';
import { chance, extent, quantile } from './extent.js';
import { brokenIn } from './invariants.js';

/*
 * R04. The server is killed at moments drawn by chance while two hours of a real cloud's life are played against it as fast as
 * it accepts them. Full: 50 kills, 11,213 events, 10 minutes at most. In `npm test`: 4 kills, 700 events.
 */

const trace = azureTrace();
if ('reason' in trace) console.warn(`SKIPPED: R04, kill -9 under load: ${trace.reason}`);

const { kills, events, minutes } = extent({
  short: { kills: 4, events: 700, minutes: 2 },
  full: { kills: 50, events: Infinity, minutes: 10 },
});
const FIRST_COMMAND_WITHIN = 10_000;
const HOSTS = 100;

describe('R04: a server that is killed under load', () => {
  ('folder' in trace ? it : it.skip)(
    `has lost nothing after ${kills} kills, and accepts commands again within ${FIRST_COMMAND_WITHIN / 1000} s`,
    async () => {
      const random = chance('R04');
      const slice = readAzureTrace('folder' in trace ? trace.folder : '', twoHours).slice(0, events);
      const cloud = await ServerProcess.start({ hosts: HOSTS });
      try {
        const ledger = new Ledger();
        const began = performance.now();
        let isPlaying = true;
        const playing = play(slice, {
          asker: cloud.asker,
          ledger,
          concurrency: 32,
          withinMs: minutes * 60_000,
        }).finally(() => (isPlaying = false));

        const waits: number[] = [];
        for (let kill = 1; kill <= kills; kill++) {
          const due = Math.floor((slice.length * kill) / (kills + 1));
          await until(`event ${due} is acknowledged`, async () => ledger.size >= due || !isPlaying, minutes * 60);
          await pause(random() * 200);
          const killed = performance.now();
          await cloud.kill();
          const accepted = new Promise<number>((resolve) => {
            const stop = ledger.onAcknowledged(({ at }) => {
              stop();
              resolve(at - killed);
            });
          });
          await cloud.start();
          waits.push(await Promise.race([accepted, playing.then(() => Infinity)]));
        }
        await playing;
        const seconds = (performance.now() - began) / 1000;
        const evidence = await evidenceOf(cloud, ledger);

        console.log(
          `R04: ${kills} kills, ${slice.length} events of the trace in ${seconds.toFixed(0)} s (${tallyOf(ledger.statuses)}), ` +
            `${evidence.events.length} events stored; first accepted command after a kill: ` +
            `median ${Math.round(quantile(waits, 0.5))} ms, longest ${Math.round(Math.max(...waits))} ms`,
        );
        expect(ledger.surprises).toEqual([]);
        expect(ledger.entries().filter(({ ask }) => /-[cd]$/.test(ask.key))).toHaveLength(slice.length);
        expect(brokenIn(evidence).slice(0, 20)).toEqual([]);
        expect(Math.max(...waits)).toBeLessThan(FIRST_COMMAND_WITHIN);
      } finally {
        await cloud.remove();
      }
    },
    minutes * 60_000 + 240_000,
  );
});
