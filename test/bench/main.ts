import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { measureAppend } from './log/append.js';
import type { Conditions, Measurement } from './bench.js';
import { CannotMeasure } from './bench.js';
import { measureCreate } from './create.js';
import { Ends } from './ends.js';
import { short } from './figure.js';
import type { Figure } from './figure.js';
import { measureReplay } from './log/replay.js';
import { measureMemory } from './memory.js';
import { watchOthers } from './processes.js';
import { measureRebuild } from './history/rebuild.js';
import { measureList } from './http/list.js';
import { measureRate } from './http/rate.js';
import { measureStream } from './http/stream.js';
import { pageOf, thisMachine } from './report/page.js';
import { measureStart } from './start.js';
import { tableOf } from './report/table.js';

const measurements: Readonly<Record<string, Measurement>> = {
  append: measureAppend,
  replay: measureReplay,
  rebuild: measureRebuild,
  start: measureStart,
  memory: measureMemory,
  rate: measureRate,
  list: measureList,
  stream: measureStream,
  create: measureCreate,
};

const usage = `npm run bench -- [--only ${Object.keys(measurements).join(',')}] [--quick] [--on-disk] [--json FILE] [--html FILE] [--profile FOLDER]`;

/** Every measurement has its own processes and folders, which end with it, whether or not it succeeds. */
const measure = async (name: string, measurement: Measurement, conditions: Omit<Conditions, 'ends' | 'tell'>) => {
  const ends = new Ends();
  let ending: Promise<void> | undefined;
  const interrupted = () => {
    process.exitCode = 130;
    // What is under way fails for want of what it works with. One Ctrl-C may come twice: from the terminal and from npm.
    ending ??= ends.all();
    ending.catch((error: unknown) => console.error(error));
  };
  process.on('SIGINT', interrupted).on('SIGTERM', interrupted);
  const tell = (line: string) => console.error(`  ${name}: ${line}`);
  tell('begins');
  const began = performance.now();
  const others = await watchOthers();
  try {
    const figures = await measurement({ ...conditions, ends, tell });
    tell(`took ${short((performance.now() - began) / 1000)} s`);
    const busy = `meanwhile others kept ${short(await others())} of ${availableParallelism()} processors busy`;
    return figures.map((figure) => ({ ...figure, note: `${figure.note}; ${busy}` }));
  } catch (error) {
    if (!(error instanceof CannotMeasure)) throw error;
    tell(`left out, because ${error.message}`);
    return [];
  } finally {
    await ending;
    await ends.all();
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
  }
};

const run = async (): Promise<boolean> => {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      json: { type: 'string' },
      html: { type: 'string' },
      'on-disk': { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      profile: { type: 'string' },
    },
  });
  const { only, json, html, quick, profile, 'on-disk': onDisk } = values;
  if (profile !== undefined) await mkdir(profile, { recursive: true });
  const wanted = (only?.split(',') ?? Object.keys(measurements)).map((name) => {
    const measurement = measurements[name];
    if (!measurement) throw new Error(`there is no measurement "${name}"\n${usage}`);
    return { name, measurement };
  });
  const figures: Figure[] = [];
  for (const { name, measurement } of wanted) {
    figures.push(...(await measure(name, measurement, { onDisk, quick, profile })));
    if (process.exitCode !== undefined) throw new Error('called off');
  }
  console.log(tableOf(figures));
  if (html !== undefined) await writeFile(html, pageOf(figures, thisMachine()));
  if (json !== undefined) await writeFile(json, `${JSON.stringify(figures, null, 2)}\n`);
  return figures.every(({ met }) => met !== false);
};

try {
  if (!(await run())) process.exitCode ??= 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode ??= 2;
}
