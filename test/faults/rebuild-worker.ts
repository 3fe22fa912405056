import { PostgresEventStore } from '@strata/event-store';
import { readFile } from 'node:fs/promises';
import { argv } from 'node:process';
import { history } from '../../apps/iaas/src/iaas.module.js';
import { Views } from '../../apps/iaas/src/views.js';

/** What the worker says at its end, as one line of JSON. */
export type Folded = Readonly<{
  events: number;
  foldSeconds: number;
  rebuildSeconds: number;
  /** Views whose rows were not what came of folding them anew. */
  differing: readonly string[];
  peakMiB: number;
}>;

/*
 * Started with little memory: folds every read model of a log from nothing, as a new release does whose folds have changed, and
 * then again beside the rows that are read, as `strata log rebuild` does.
 */
const [, , url = ''] = argv;
const began = performance.now();
const store = await PostgresEventStore.open({ url, schema: 'iaas', history });
await Views.start(store);
const events = await store.log.head();
for (const subscription of store.subscriptions) await subscription.waitFor(events, 600_000);
const folded = performance.now();
const { views } = await store.rebuild();
const rebuilt = performance.now();
await store.close();
// The kernel's own figure for this program; `maxRSS` holds what its parent had as well.
const [, peakKiB] = /^VmHWM:\s+(\d+) kB$/m.exec(await readFile('/proc/self/status', 'utf8')) ?? [];
const result: Folded = {
  events,
  foldSeconds: (folded - began) / 1000,
  rebuildSeconds: (rebuilt - folded) / 1000,
  differing: views.filter(({ before, after }) => before !== after).map(({ view }) => view),
  peakMiB: Number(peakKiB) / 1024,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
