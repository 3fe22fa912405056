import { setTimeout as pause } from 'node:timers/promises';
import type { Measurement } from './bench.js';
import { CloudProcess, makeFolder } from './cloud-process.js';
import { atMost, short } from './figure.js';
import type { Figure } from './figure.js';
import { drive } from './http/load.js';
import { memoryBelowMiB, residentMiB } from './processes.js';

const INSTANCES = 1_000;
const LIMIT = 350;
/** Long enough that nothing is left to do, and short enough that V8 does not shrink an idle heap for our sake. */
const SETTLE = 3_000;

/** What the idle server takes, before and after it has work to remember. */
export const measureMemory: Measurement = async (conditions) => {
  const { ends, tell } = conditions;
  const home = await makeFolder(ends);
  const cloud = await CloudProcess.start({ home, hypervisor: 'simulated' }, conditions);
  const fresh = await idle(cloud, 'idle memory after start');
  tell(`${INSTANCES} instances`);
  await drive(cloud, { ask: { what: 'instances', prefix: 'web' }, perSecond: 100, seconds: INSTANCES / 100 }, ends);
  await cloud.untilRunning(INSTANCES);
  const full = await idle(cloud, `idle memory with ${INSTANCES} instances`);
  await cloud.stop();
  return [fresh, full];
};

const idle = async ({ pid }: CloudProcess, name: string): Promise<Figure> => {
  await pause(SETTLE);
  return atMost(LIMIT, {
    name,
    unit: 'MiB',
    ours: await residentMiB(pid),
    versus: 'limit',
    theirs: LIMIT,
    note: `resident memory of the server; PostgreSQL beside it takes ${short(await memoryBelowMiB(pid))}`,
  });
};
