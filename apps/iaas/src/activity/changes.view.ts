import type { Change } from '@strata/contracts';
import type { Decider, Event, OperationEvent } from '@strata/event-sourcing';
import { isAbout } from '@strata/event-store';
import type { Recorded } from '@strata/event-store';
import { operationView } from '@strata/operations';
import type { OperationRow } from '@strata/operations';
import { flavor } from '../flavor/flavor.js';
import { shownFlavor } from '../flavor/flavor.view.js';
import { fleet } from '../host/fleet.js';
import { shownHost } from '../host/host.view.js';
import { image } from '../image/image.js';
import { shownImage } from '../image/image.view.js';
import { instance } from '../instance/instance.js';
import { exists } from '../instance/instance-state.js';
import { shown } from '../instance/instance.view.js';
import { shownOperation } from '../operation/operations.service.js';
import { quota } from '../quota/quota.js';
import { settings } from '../settings/settings.js';

/** A kind of thing: how its events are folded, and how it is shown. */
type Kind = Readonly<{
  initialState: unknown;
  evolve(state: unknown, event: Recorded): unknown;
  /** Nothing where there is no such thing. */
  show(state: unknown, id: string): object | undefined;
}>;

const kind = <C, E extends Event, S>(
  { initialState, evolve }: Pick<Decider<C, E, S>, 'initialState' | 'evolve'>,
  show: (state: S, id: string) => object | undefined,
): Kind => ({
  initialState,
  // A stream holds the events of its own decider, and its state is what that has folded.
  evolve: (state, event) => evolve(state as S, event as Recorded<E>),
  show: (state, id) => show(state as S, id),
});

/** By the noun in the names of their streams. */
const kinds: readonly (readonly [isAbout: (event: Readonly<{ stream: string }>) => boolean, kind: Kind])[] = [
  [isAbout('instance'), kind(instance, (it, id) => (exists(it) ? shown(id, it) : undefined))],
  [isAbout('flavor'), kind(flavor, (it) => (it.phase === 'offered' ? shownFlavor(it) : undefined))],
  [isAbout('image'), kind(image, (it, id) => shownImage(id, it.recipe ?? id, it))],
  [isAbout('quota'), kind(quota, ({ limits, used }) => ({ limits, used }))],
  [isAbout('settings'), kind(settings, (it) => it)],
  [
    isAbout('fleet'),
    kind(fleet, (it, id) => {
      const host = it.hosts.get(id);
      return host && shownHost(host, null);
    }),
  ],
  [
    isAbout('operation'),
    {
      initialState: undefined,
      evolve: (row, event) =>
        operationView.evolve(row as OperationRow | undefined, event as Recorded<OperationEvent>, ''), // as above
      show: (row) => (row === undefined ? undefined : shownOperation(row as OperationRow)),
    },
  ],
];

export const kindOf = (event: Readonly<{ stream: string }>): Kind => {
  const found = kinds.find(([isIt]) => isIt(event));
  if (!found) throw new Error(`nobody shows what ${event.stream} is about`);
  return found[1];
};

/** What can be asked of a thing follows from its status, and would only repeat it. */
const FOLLOWS: ReadonlySet<string> = new Set(['can']);

/** The fields in which a thing is shown otherwise than before, one level into those that have fields of their own. */
export const changesOf = (before: object | undefined, after: object | undefined): readonly Change[] => {
  const [was, is] = [fieldsOf(before), fieldsOf(after)];
  return [...new Set([...was.keys(), ...is.keys()])].flatMap((field) => {
    const change = { field, before: was.get(field) ?? null, after: is.get(field) ?? null };
    return JSON.stringify(change.before) === JSON.stringify(change.after) ? [] : [change];
  });
};

const fieldsOf = (thing: object | undefined): ReadonlyMap<string, unknown> =>
  new Map(
    Object.entries(thing ?? {}).flatMap(([name, value]: [string, unknown]) => {
      if (FOLLOWS.has(name)) return [];
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[name, value] as const];
      return Object.entries(value).map(([part, it]: [string, unknown]) => [`${name}.${part}`, it] as const);
    }),
  );
