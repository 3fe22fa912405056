import type { Event } from './decider.js';

/*
 * Theory of operation. What is stored is never changed, so an event keeps the shape of the day on which it was written. Rules
 * and views know the newest shape only: whoever reads a log first brings each event up to it, step by step. A step says how
 * the data of one version is said in the next one. It knows nothing but that data, so it gives the same for ever.
 */

/** From the data of one version to that of the next. Pure, and total over all that was ever stored. */
export type Upcast = (data: never) => object;

type DataOf<E extends Event, Type> = Extract<E, { type: Type }>['data'];

/**
 * Every event type there is, with the steps from its first version to the one of today. No steps: it is as it always was. A
 * type that is missing does not compile, nor does a last step that leads elsewhere than to the data of today.
 */
export type History<E extends Event = Event> = Readonly<{
  [Type in E['type']]: readonly [] | readonly [...Upcast[], (data: never) => DataOf<E, Type>];
}>;

/** The steps of some types of an aggregate, as a file beside its rules gives them. */
export type Upcasts<E extends Event> = Partial<History<E>>;

/** An event that a newer release wrote. To guess what it means would be worse than to stop. */
export class UnknownEvent extends Error {}

/** A history, ready to be looked up: one look for each event, and no more for one that needs no step. */
export class Versions {
  readonly #steps: ReadonlyMap<string, readonly Upcast[]> | undefined;

  /** Without a history, every event is taken as it is. */
  constructor(history?: History) {
    this.#steps = history && new Map(Object.entries(history));
  }

  /**
   * The version in which an event is written: the newest, unless it is one of another time and says so itself.
   * @throws UnknownEvent when it could not be read again
   */
  written(type: string, given?: number): number {
    if (!this.#steps) return given ?? 1;
    const steps = this.#steps.get(type);
    if (!steps) throw new UnknownEvent(`${type} has no history: name it where this service names all of its events`);
    const newest = steps.length + 1;
    if (given !== undefined && given > newest)
      throw new UnknownEvent(fromTheFuture({ type, schemaVersion: given }, newest));
    return given ?? newest;
  }

  /** The event as it would be written today; the very same one if it already is. @throws UnknownEvent */
  read<Stored extends Event & Readonly<{ schemaVersion: number }>>(event: Stored): Stored {
    if (!this.#steps) return event;
    const steps = this.#steps.get(event.type);
    const newest = steps ? steps.length + 1 : 0;
    if (event.schemaVersion === newest) return event;
    if (!steps || event.schemaVersion > newest) throw new UnknownEvent(fromTheFuture(event, newest));
    // Each step takes what the one before it gives: the table is checked where it is written.
    const data = steps.slice(event.schemaVersion - 1).reduce((it, step) => step(it as never), event.data);
    return { ...event, schemaVersion: newest, data };
  }
}

const fromTheFuture = (event: Readonly<{ type: string; schemaVersion: number; position?: number }>, newest: number) => {
  const { type, schemaVersion, position } = event;
  const where = position === undefined ? '' : ` at position ${position}`;
  const known = newest === 0 ? 'does not know it' : `knows it up to version ${newest}`;
  return `${type} of version ${schemaVersion}${where} was written by a newer release: this one ${known}`;
};
