import type { Conditions, Measurement } from '../bench.js';
import { OURS, PLAIN, peers } from '../contenders/all.js';
import type { Task } from '../contenders/task.js';
import type { Figure } from '../figure.js';
import { absences, compared } from './comparison.js';
import type { Goals } from './comparison.js';
import { Field, mediaOf } from './field.js';
import type { Entry, Medium } from './field.js';

type Plan = Readonly<{ callers: readonly number[]; writers: readonly number[]; rounds: number; ms: number }>;

const WHOLE: Plan = { callers: [1, 8, 32, 256], writers: [1, 8], rounds: 3, ms: 350 };
/** The second medium of a run, where what matters is whether the picture is the same. */
const PART: Plan = { ...WHOLE, callers: [1, 32], writers: [8] };
const QUICK: Plan = { callers: [1, 32], writers: [8], rounds: 3, ms: 200 };
const WARM_UP: Task = { task: 'append', callers: 8, ms: 300 };

const single: Readonly<Record<number, Goals>> = { 1: { peer: 1.3 }, 32: { peer: 2.5, floor: 2 } };

/** Events a second into our log, beside the least that SQL needs and what the peers reach. */
export const measureAppend: Measurement = async (conditions) => {
  const figures: Figure[] = [];
  for (const [index, medium] of mediaOf(conditions).entries()) {
    if (conditions.quick && index > 0) break;
    const plan = conditions.quick ? QUICK : index === 0 ? WHOLE : PART;
    figures.push(...(await measureOn(medium, plan, conditions)));
  }
  return figures;
};

const measureOn = async (medium: Medium, plan: Plan, conditions: Conditions): Promise<readonly Figure[]> => {
  const { tell } = conditions;
  const { callers, writers, rounds, ms } = plan;
  tell(`making everybody ready, in ${medium === 'memory' ? 'memory' : 'the file system'}`);
  const field = await Field.gather(medium, [OURS, PLAIN, ...Object.keys(peers)], conditions);
  await field.standings(
    field.clients.map(({ name }) => ({ contender: name, task: WARM_UP })),
    1,
  );
  const figures: Figure[] = [];
  for (const count of callers) {
    const name = `append, ${counted(count, 'caller')}, ${medium}`;
    tell(name);
    const entries = field.clients.map((client): Entry => ({
      contender: client.name,
      ...(client.name === PLAIN && { way: 'INSERT' }),
      task: { task: 'append', callers: count, ms },
    }));
    const standings = await field.standings(entries, rounds);
    figures.push(...compared({ name, standings, goals: single[count] ?? {} }));
  }
  for (const count of writers) {
    const name = `append 100 at a time, ${counted(count, 'caller')}, ${medium}`;
    tell(name);
    const entries = field.clients.flatMap(({ name: contender, ways }) =>
      ways.batches.map((way): Entry => ({ contender, way, task: { task: 'batches', way, callers: count, ms } })),
    );
    const standings = await field.standings(entries, rounds);
    figures.push(...compared({ name, standings, goals: {} }));
  }
  await field.end();
  return [...figures, ...absences(field.missing, figures)];
};

const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;
