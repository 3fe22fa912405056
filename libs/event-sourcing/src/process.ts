import type { Ask } from './command.js';
import type { Event } from './decider.js';

/**
 * A long operation as a table: do this; when that happened, go on; if it failed, hand everything back, last first.
 *
 * Ids are chosen before the deed, so that an undo needs no answer from the thing it undoes: it is computed from what was
 * known before the do. The step that failed is undone too, because its outcome is unknown until proven.
 *
 * Whoever answers a step names the operation: every event that a process listens to carries `operationId` in its data.
 */
export type ProcessDefinition = Readonly<{
  /** Verb and noun, such as `provision-instance`. */
  name: string;
  /** The type of the event that starts it. */
  trigger: string;
  subject(facts: Facts): Subject;
  steps: readonly StepDefinition[];
  cancellable: boolean;
  completed?: (facts: Facts) => Ask;
  failed?: (facts: Facts, why: Failure) => Ask;
}>;

/** What the operation is about: lists of operations are asked for by it. */
export type Subject = Readonly<{ type: string; id: string }>;
export type Failure = Readonly<{ code: string; reason: string }>;
export type Facts = Readonly<Record<string, unknown>>;

export type StepDefinition = Readonly<{
  name: string;
  do?: (facts: Facts) => Ask;
  done?: string;
  failed?: string;
  progress?: string;
  withinSeconds: number;
  undo?: Readonly<{ do: (facts: Facts) => Ask; done?: string }>;
}>;

/** An event by its type; the data travels along for the compiler only. */
export type Pattern<Data extends object> = Readonly<{ type: string; data?: Data }>;

/** `on<InstanceEvent, 'InstanceFailed'>('InstanceFailed')`: one of the events of an aggregate. */
export const on = <E extends Event, Type extends E['type'] = E['type']>(
  type: Type,
): Pattern<Extract<E, { type: Type }>['data']> => ({ type });

type Step<Known, Learned extends object> = Readonly<{
  /** Without it the step only waits for what somebody else began. */
  do?: (facts: Known) => Ask;
  /** Without it the step is done when its command is accepted. */
  done?: Pattern<Learned>;
  failed?: Pattern<Failure>;
  progress?: Pattern<Readonly<{ done: number; total: number; note: string }>>;
  /** Seconds; past them the step has failed. */
  within: number;
  /** An undo that is not answered in time is asked again, for ever: it has no failure branch. */
  undo?: Readonly<{ do: (facts: Known) => Ask; done?: Pattern<object> }>;
}>;

type Ends<Known> = Readonly<{
  completed?: (facts: Known) => Ask;
  failed?: (facts: Known, why: Failure) => Ask;
}>;

class ProcessBuilder<Trigger extends object, Known extends object> {
  constructor(private readonly soFar: ProcessDefinition) {}

  /** Each step sees the facts of the trigger and of the steps before it; later ones are a compile error. */
  step<Learned extends object = object>(
    name: string,
    { do: act, done, failed, progress, within, undo }: Step<Known, Learned>,
  ): ProcessBuilder<Trigger, Known & Learned> {
    // The table forgets the types that the builder checked: a journal gives its facts back as plain data.
    const step: StepDefinition = {
      name,
      withinSeconds: within,
      ...(act && { do: act as (facts: Facts) => Ask }),
      ...(done && { done: done.type }),
      ...(failed && { failed: failed.type }),
      ...(progress && { progress: progress.type }),
      ...(undo && { undo: { do: undo.do as (facts: Facts) => Ask, ...(undo.done && { done: undo.done.type }) } }),
    };
    return new ProcessBuilder({ ...this.soFar, steps: [...this.soFar.steps, step] });
  }

  /** What is asked when everything is done, and when everything was handed back (only the trigger's facts are sure then). */
  ends(ends: { completed?: Ends<Known>['completed']; failed?: Ends<Trigger>['failed'] } = {}): ProcessDefinition {
    return {
      ...this.soFar,
      // As above: checked by the builder, forgotten by the table.
      ...(ends.completed && { completed: ends.completed as (facts: Facts) => Ask }),
      ...(ends.failed && { failed: ends.failed as (facts: Facts, why: Failure) => Ask }),
    };
  }
}

/** Begins a table: `process('stop-instance', { startsOn: on<StopRequested>('StopRequested'), subject: … })`. */
export const process = <Trigger extends object>(
  name: string,
  start: Readonly<{
    startsOn: Pattern<Trigger>;
    subject: (facts: Trigger) => Subject;
    /** Whether a person may call it off while it runs; `true` unless said otherwise. */
    cancellable?: boolean;
  }>,
): ProcessBuilder<Trigger, Trigger> =>
  new ProcessBuilder({
    name,
    trigger: start.startsOn.type,
    subject: start.subject as (facts: Facts) => Subject, // as above
    steps: [],
    cancellable: start.cancellable ?? true,
  });
