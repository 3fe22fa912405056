import { chained, lineOf } from '../chain.js';
import type { Fault } from './fault.js';
import type { Copies, Entry } from './ledger.js';

/** An entry that does not follow from the hash that is stored for the one before it. */
export type Suspect = Readonly<{ entry: Entry; before: string }>;

type Evidence = Readonly<{ known: ReadonlySet<string>; copies: readonly Copies[] }>;

/** With more suspects than these, a log is not mended by knowing what was exchanged with what. */
const FEW = 20;

/**
 * What each suspect is guilty of. Some are innocent: an event whose neighbour has lost its hash follows from nothing, and
 * is just what was stored. `known` are hashes that are right, whatever the entries say.
 */
export const explained = (suspects: readonly Suspect[], { known, copies }: Evidence): readonly Fault[] => {
  const hashes = new Set(suspects.flatMap(({ entry, before }) => [entry.hash, before]));
  const rightful = new Map(suspects.map((it) => [chained(it.before, lineOf(it.entry)), it] as const));
  const unhashed = new Set([...rightful].flatMap(([hash, it]) => (known.has(hash) ? [it] : [])));
  const guilty = suspects.filter(({ entry }) => {
    const line = lineOf(entry);
    for (const hash of hashes) if (chained(hash, line) === entry.hash) return false;
    const neighbour = [...rightful].find(([hash]) => chained(hash, line) === entry.hash)?.[1];
    if (neighbour) unhashed.add(neighbour);
    return neighbour === undefined;
  });
  const faults = guilty.map((it): Fault => {
    const { position, stream } = it.entry;
    const about = { from: position, to: position, streams: [stream] };
    if (unhashed.has(it)) return { ...about, kind: 'hash', what: 'the event is as it was stored, and its hash is not' };
    const first = copies.find(({ id }) => id === it.entry.id)?.positions[0];
    if (first !== undefined && first !== position) {
      return { ...about, kind: 'copy', what: `it is a copy of the event at ${first}` };
    }
    const other = guilty.length > FEW ? undefined : guilty.find((its) => its !== it && belongs(its, it, guilty));
    if (other) return { ...about, kind: 'swapped', what: `here belongs what lies at ${other.entry.position}` };
    return { ...about, kind: 'changed', what: 'the event is not what was stored' };
  });
  return runsOf(faults);
};

/** Whether what lies at one place was stored at another: all of the event, all but its place in a stream, or its data. */
const belongs = ({ entry: moved }: Suspect, { entry: there, before }: Suspect, guilty: readonly Suspect[]): boolean => {
  const { position, stream, version } = there;
  const lines = [
    lineOf({ ...moved, position }),
    lineOf({ ...moved, position, stream, version }),
    lineOf({ ...there, data: moved.data }),
  ];
  const befores = [before, ...guilty.map(({ entry }) => entry.hash)];
  return befores.some((hash) => lines.some((line) => [there.hash, moved.hash].includes(chained(hash, line))));
};

/** Neighbours that are all of them changed are told of at once. */
const runsOf = (faults: readonly Fault[]): readonly Fault[] => {
  const runs: Fault[] = [];
  for (const fault of faults) {
    const last = runs.at(-1);
    if (fault.kind !== 'changed' || last?.kind !== 'changed' || last.to + 1 !== fault.from) runs.push(fault);
    else {
      const streams = [...new Set([...last.streams, ...fault.streams])];
      const what = `${fault.to - last.from + 1} events in a row are not what was stored`;
      runs.splice(-1, 1, { ...last, to: fault.to, streams, what });
    }
  }
  return runs;
};
