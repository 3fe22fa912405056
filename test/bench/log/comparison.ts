import { OURS, PLAIN, peers } from '../contenders/all.js';
import { known, missing, short, timesTheirs } from '../figure.js';
import type { Figure, Standing } from '../figure.js';

/** How many times theirs ours shall be; nothing where it is only to be known. */
export type Goals = Readonly<{ peer?: number; floor?: number }>;

type Compared = Readonly<{
  name: string;
  standings: readonly Standing[];
  goals: Goals;
  note?: string;
}>;

/** Ours beside the best that the database itself can do, and beside the best of the peers. */
export const compared = ({ name, standings, goals, note = '' }: Compared): readonly Figure[] => {
  const ours = standings.find((it) => it.name === OURS);
  if (!ours) throw new Error(`${name}: ours was not measured`);
  const floor = best(standings.filter((it) => it.name === PLAIN));
  const peer = best(standings.filter((it) => it.name in peers));
  const beside = (theirs: Standing | undefined, goal: number | undefined, more: object): readonly Figure[] => {
    if (!theirs) return [];
    const measured = {
      name,
      unit: 'events/s',
      ours: ours.perSecond,
      versus: titleOf(theirs),
      theirs: theirs.perSecond,
      note: [`CPU µs per event (client + server): ours ${priceOf(ours)}, theirs ${priceOf(theirs)}`, note]
        .filter(Boolean)
        .join('; '),
      ...more,
    };
    return [goal === undefined ? known(measured) : timesTheirs(goal, measured)];
  };
  return [...beside(floor, goals.floor, { standings }), ...beside(peer, goals.peer, {})];
};

/** A line for each peer that was not measured, or not to the end, beside the last figure that it should have been in. */
export const absences = (missed: ReadonlyMap<string, string>, figures: readonly Figure[]): readonly Figure[] => {
  const last = figures.at(-1);
  if (!last) return [];
  const { name, unit, ours } = last;
  return [...missed].map(([versus, note]) => missing({ name, unit, ours, versus, note }));
};

const best = (standings: readonly Standing[]): Standing | undefined =>
  standings.toSorted((a, b) => b.perSecond - a.perSecond)[0];

export const titleOf = ({ name, way }: Pick<Standing, 'name' | 'way'>) => (way === null ? name : `${name} (${way})`);

export const priceOf = ({ clientMicros, serverMicros }: Standing) => `${short(clientMicros)} + ${short(serverMicros)}`;
