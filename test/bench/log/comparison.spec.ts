import { LIMIT, OURS, PLAIN } from '../contenders/all.js';
import type { Standing } from '../figure.js';
import { absences, compared } from './comparison.js';

const standing = (name: string, perSecond: number, way: string | null = null): Standing => ({
  name,
  way,
  package: null,
  events: 100,
  perSecond,
  rounds: [perSecond],
  clientMicros: 10,
  serverMicros: 20,
});

describe('our log beside others', () => {
  const standings = [
    standing(OURS, 300),
    standing(PLAIN, 90, 'INSERT'),
    standing(PLAIN, 100, 'COPY'),
    standing(LIMIT, 1_000),
    standing('castore', 150),
    standing('emmett', 50),
  ];
  const all = { name: 'append', standings, goals: { floor: 2, peer: 2.5 } };

  it('is measured against the best that the database can do, and the best of the peers', () => {
    expect(compared(all)).toMatchObject([
      { versus: 'PostgreSQL (COPY)', ratio: 3, met: true },
      { versus: 'castore', ratio: 2, goal: '≥ 2.5 times', met: false },
    ]);
  });

  it('has not beaten a peer that could not be measured', () => {
    const figures = compared({ ...all, goals: { peer: 1 } });
    const [gone] = absences(new Map([['evtstore', 'the registry is away']]), figures);
    const nobody = { theirs: null, ratio: null, met: false };
    expect(gone).toMatchObject({ name: 'append', versus: 'evtstore', ...nobody, note: 'the registry is away' });
    expect(absences(new Map(), figures)).toEqual([]);
  });

  it('is only known where there is no goal', () => {
    expect(compared({ ...all, goals: {} }).map(({ met }) => met)).toEqual([null, null]);
  });
});
