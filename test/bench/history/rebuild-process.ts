import { PostgresEventStore } from '@strata/event-store';
import { readFile } from 'node:fs/promises';
import { argv } from 'node:process';
import { openViews, rebuildAll } from './all-views.js';

/** Rebuilds all read models in a process of its own, whose memory is theirs alone. */

/** The most memory that this process ever had, in MiB. */
const peakMiB = async (): Promise<number> => {
  const [, kiB] = /^VmHWM:\s+(\d+) kB$/m.exec(await readFile('/proc/self/status', 'utf8')) ?? [];
  return Number(kiB) / 1024;
};

const [, , url = '', schema = ''] = argv;
const store = await PostgresEventStore.open({ url, schema });
await openViews(store);
const rebuilt = await rebuildAll(store);
const { user, system } = process.cpuUsage();
const result = { ...rebuilt, peakMiB: await peakMiB(), cpuSeconds: (user + system) / 1e6 };
process.stdout.write(`${JSON.stringify(result)}\n`);
await store.close();
