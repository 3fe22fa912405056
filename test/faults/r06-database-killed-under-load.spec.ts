import { setTimeout as pause } from 'node:timers/promises';
import { azureTrace, readAzureTrace, twoHours } from '../load/azure-trace.js';
import { Ledger, tallyOf } from '../load/ledger.js';
import { play } from '../load/player.js';
import { ServerProcess } from '../load/server-process.js';
import { until } from '../platform.js';
import { evidenceOf } from './evidence.js';
import { chance, extent, quantile } from './extent.js';
import { brokenIn } from './invariants.js';
import { Prober } from './prober.js';

/*
 * R06. PostgreSQL's postmaster is killed, in turns with SIGKILL and with the SIGQUIT of `pg_ctl stop -m immediate`, while a
 * real cloud's life is played against the server, which lives on. Full: 20 ends, the two-hour slice, 10 minutes at most. In
 * `npm test`: 3 ends, 500 events.
 */

const trace = azureTrace();
if ('reason' in trace) console.warn(`SKIPPED: R06, PostgreSQL killed under load: ${trace.reason}`);

const { ends, events, minutes } = extent({
  short: { ends: 3, events: 500, minutes: 2 },
  full: { ends: 20, events: Infinity, minutes: 10 },
});
const BACK_WITHIN = 10_000;

describe('R06: a PostgreSQL that ends under load', () => {
  ('folder' in trace ? it : it.skip)(
    `comes back by itself ${ends} times; meanwhile it is said "not now", and nothing is lost`,
    async () => {
      const random = chance('R06');
      const slice = readAzureTrace('folder' in trace ? trace.folder : '', twoHours).slice(0, events);
      const cloud = await ServerProcess.start({ hosts: 100 });
      try {
        const ledger = new Ledger();
        const prober = new Prober(cloud.asker);
        const began = performance.now();
        let isPlaying = true;
        const playing = play(slice, {
          asker: cloud.asker,
          ledger,
          concurrency: 32,
          withinMs: minutes * 60_000,
        }).finally(() => (isPlaying = false));

        const waits: number[] = [];
        for (let end = 1; end <= ends; end++) {
          const due = Math.floor((slice.length * end) / (ends + 1));
          await until(`event ${due} is acknowledged`, async () => ledger.size >= due || !isPlaying, minutes * 60);
          await pause(random() * 200);
          const { pid, databasePid } = cloud;
          const ended = performance.now();
          process.kill(databasePid, end % 2 === 0 ? 'SIGQUIT' : 'SIGKILL');
          // Answers that are on their way may still come: what is asked from now on needs a database.
          const probe = {
            method: 'PUT',
            path: '/v1/quota',
            body: { instances: 10_000 + end },
            key: `probe-${end}`,
          } as const;
          await until(
            'a command is accepted again',
            async () => {
              const answer = await cloud.asker.ask(probe).catch(() => undefined);
              return answer?.status === 200;
            },
            60,
          );
          waits.push(performance.now() - ended);
          expect(cloud.pid).toBe(pid);
          expect(cloud.databasePid).not.toBe(databasePid);
        }
        await playing;
        await prober.stop();
        const seconds = (performance.now() - began) / 1000;
        const evidence = await evidenceOf(cloud, ledger);

        console.log(
          `R06: ${ends} ends of PostgreSQL, ${slice.length} events of the trace in ${seconds.toFixed(0)} s ` +
            `(${tallyOf(ledger.statuses)}; reads ${tallyOf(prober.statuses)}), ${evidence.events.length} events stored; ` +
            `first accepted command after an end: median ${Math.round(quantile(waits, 0.5))} ms, ` +
            `longest ${Math.round(Math.max(...waits))} ms`,
        );
        expect([...ledger.surprises, ...prober.surprises].slice(0, 20)).toEqual([]);
        expect(ledger.statuses.get(503) ?? 0).toBeGreaterThan(0);
        expect(ledger.entries().filter(({ ask }) => /-[cd]$/.test(ask.key))).toHaveLength(slice.length);
        expect(brokenIn(evidence).slice(0, 20)).toEqual([]);
        expect(Math.max(...waits)).toBeLessThan(BACK_WITHIN);
      } finally {
        await cloud.remove();
      }
    },
    minutes * 60_000 + 240_000,
  );
});
