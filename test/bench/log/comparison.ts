import { OURS, PLAIN, peers } from '../contenders/all.js';
import { known, missing, short, timesTheirs } from '../figure.js';
import type { Figure, Standing } from '../figure.js';

/** How many times theirs ours shall be; nothing where it is only to be known. */
export type Goals = Readonly<{ peer?: number; floor?: number }>;

type Compared = Readonly<{
  name: string;
  standings: readonly Standing[];
  goals: Goals;
  missing: ReadonlyMap<string, string>;
  note?: string;
}>;

/** Ours beside the database's own and beside the best of the peers; and a line for each peer that could not be measured. */
export const compared = ({ name, standings, goals, missing: absent, note = '' }: Compared): readonly Figure[] => {
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
  const gone = [...absent].map(([versus, why]) =>
    missing({ name, unit: 'events/s', ours: ours.perSecond, versus, note: why }),
  );
  return [...beside(floor, goals.floor, { standings }), ...beside(peer, goals.peer, {}), ...gone];
};

const best = (standings: readonly Standing[]): Standing | undefined =>
  standings.toSorted((a, b) => b.perSecond - a.perSecond)[0];

export const titleOf = ({ name, way }: Pick<Standing, 'name' | 'way'>) =>
  way === null || name === OURS ? name : `${name} (${way})`;

export const priceOf = ({ clientMicros, serverMicros }: Standing) => `${short(clientMicros)} + ${short(serverMicros)}`;
