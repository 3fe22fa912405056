import type { Measurement } from '../bench.js';
import { LIMIT, OURS, PLAIN, peers } from '../contenders/all.js';
import { short, timesTheirs } from '../figure.js';
import type { Figure, Standing } from '../figure.js';
import { absences, compared, priceOf, titleOf } from './comparison.js';
import { Field } from './field.js';
import type { Entry } from './field.js';

const ROUNDS = 3;
const WHOLE = { events: 1_000_000, ofPeers: 50_000 };
const QUICK = { events: 200_000, ofPeers: 20_000 };
const GOALS = { peer: 3.5, limit: 0.7 };

/** Every event read in order, parsed and folded into a map: by us, by the database's own means, by the peers. */
export const measureReplay: Measurement = async (conditions) => {
  const { tell, quick } = conditions;
  const { events, ofPeers } = quick ? QUICK : WHOLE;
  const name = `replay of ${events.toLocaleString('en')} events`;
  tell('making everybody ready, in memory');
  const field = await Field.gather('memory', [OURS, PLAIN, LIMIT, ...Object.keys(peers)], conditions);
  const wanted = (contender: string) => (contender in peers ? ofPeers : events);
  for (const { name: contender } of field.clients) {
    tell(`${wanted(contender).toLocaleString('en')} events into ${contender}`);
    await field.try(contender, { task: 'fill', events: wanted(contender) });
  }
  await field.settle();
  tell(name);
  const entries = field.clients.flatMap(({ name: contender, ways }) =>
    ways.replays.map((way): Entry => ({ contender, way, task: { task: 'replay', way } })),
  );
  const standings = await field.standings(entries, ROUNDS);
  await field.end();
  const wrong = standings.filter((it) => it.events !== wanted(it.name));
  for (const it of wrong) {
    if (!(it.name in peers)) throw new Error(`${titleOf(it)} gave ${it.events} of ${wanted(it.name)} events`);
  }
  const lost = wrong.map((it) => `${titleOf(it)} gave ${it.events} of ${wanted(it.name)} events`);
  const note = [`peers read ${ofPeers.toLocaleString('en')}`, ...lost].join('; ');
  const right = standings.filter((it) => !wrong.includes(it));
  const figures = [
    ...compared({ name, standings: right, goals: { peer: GOALS.peer }, note }),
    ...besideLimit(name, right),
  ];
  return [...figures, ...absences(field.missing, figures)];
};

const besideLimit = (name: string, standings: readonly Standing[]): readonly Figure[] => {
  const ours = standings.find((it) => it.name === OURS);
  const limit = standings.find((it) => it.name === LIMIT);
  if (!ours || !limit) return [];
  const note = `CPU µs per event: ours ${priceOf(ours)}, the limit ${short(limit.clientMicros)}`;
  const measured = { unit: 'events/s', ours: ours.perSecond, theirs: limit.perSecond, note };
  return [timesTheirs(GOALS.limit, { name, ...measured, versus: 'JSON.parse of the same lines, one core' })];
};
