import { Versions } from '@strata/event-sourcing';
import type { Event } from '@strata/event-sourcing';
import { isAbout } from '@strata/event-store';
import type { Recorded } from '@strata/event-store';
import { compare } from './compare.js';
import type { Line } from './normal.js';
import type { Service } from './services.js';

/** What one event changed: in the state of its aggregate, and in the rows of views. */
export type Fold = Readonly<{ position: number; state: object; rows: Readonly<Record<string, object>> }>;

/** Reads stored lines as a reader of the log does, and folds them into everything that is folded from events. */
export const foldsOf = (service: Service, lines: readonly Line[]): readonly Fold[] => {
  const versions = new Versions(service.history);
  const states = new Map<string, unknown>();
  const rows = new Map<string, object | undefined>();
  return lines.map((line) => {
    const event = versions.read<Recorded>({ ...line, lane: 0 });
    return { position: line.position, state: foldState(service, states, event), rows: foldRows(service, rows, event) };
  });
};

const foldState = ({ folds }: Service, states: Map<string, unknown>, event: Recorded): object => {
  const fold = folds.find(({ name }) => isAbout(name)(event));
  if (!fold) throw new Error(`nobody folds ${event.type} of ${event.stream}: name its decider among the services`);
  const before = states.get(event.stream) ?? fold.initialState;
  const after = fold.evolve(before, event);
  states.set(event.stream, after);
  return changes(before, after);
};

const foldRows = ({ views }: Service, rows: Map<string, object | undefined>, event: Recorded) => {
  const changed: Record<string, object> = {};
  for (const view of views) {
    for (const key of [view.key(event) ?? []].flat()) {
      const name = `${view.name} ${key}`;
      const before = rows.get(name);
      const after = view.evolve(before, event, key);
      rows.set(name, after);
      const difference = changes(before, after);
      if (Object.keys(difference).length > 0) changed[name] = difference;
    }
  }
  return changed;
};

/** By path: what is new, or other than before. Maps are read as JSON shows them. */
const changes = (before: unknown, after: unknown): object => {
  const [was, is] = [before, after].map((it): unknown => JSON.parse(JSON.stringify(it ?? {})));
  return Object.fromEntries(
    compare(was, is).map(({ path, is: value }) => [path, value === undefined ? '(gone)' : value]),
  );
};

/** The events that one kind of aggregate may meet, in the words of today. */
export const eventsOf = ({ history, folds }: Service, lines: readonly Line[]) => {
  const versions = new Versions(history);
  const events: readonly (Event & Recorded)[] = lines.map((line) => versions.read<Recorded>({ ...line, lane: 0 }));
  return folds.map((fold) => ({ fold, events: events.filter(isAbout(fold.name)) }));
};
