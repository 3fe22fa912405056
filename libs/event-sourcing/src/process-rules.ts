import { command } from './command.js';
import type { Ask } from './command.js';
import { reject } from './decider.js';
import type { Decider, Decision, Event } from './decider.js';
import type { History } from './history.js';
import type { Facts, Failure, ProcessDefinition, StepDefinition, Subject } from './process.js';

/*
 * Theory of operation. A process manager is one more decider: its commands are other people's events, its events are its
 * journal. The journal is also the outbox: the relay sends the command written in an entry, under that entry's id. Replay
 * folds the journal and sends nothing; a crash between any two messages is the normal case, because every message may come
 * again and a message that is already dealt with changes nothing.
 */

// ── Commands: what the world tells an operation ──────────────────

type It = Readonly<{ operationId: string }>;

/** Something happened that an operation may be waiting for. */
export class Notice extends command('Notice')<It & { event: Event }> {}
/** The command of a step or an undo was accepted, or refused. */
export class Answer extends command('Answer')<It & { step: string; undo: boolean; refusal: Failure | null }> {}
/** The time of a step or an undo is over. */
export class Expire extends command('Expire')<It & { step: string; undo: boolean }> {}
export class CancelOperation extends command('CancelOperation')<It> {}

export type OperationCommand = Notice | Answer | Expire | CancelOperation;

// ── Events: the journal ──────────────────────────────────────────

export type OperationEvent =
  | Event<
      'ProcessStarted',
      It & { kind: string; subject: Subject; steps: readonly string[]; facts: Facts; cancellable: boolean }
    >
  | Event<'StepStarted', It & { step: string; command: Ask | null; awaits: string | null; dueAt: string }>
  | Event<'StepProgressed', It & { step: string; done: number; total: number; note: string }>
  | Event<'StepSucceeded', It & { step: string; facts: Facts }>
  | Event<'StepFailed', It & Failure & { step: string }>
  | Event<'UndoStarted', It & { step: string; command: Ask; awaits: string | null; attempt: number; dueAt: string }>
  | Event<'UndoFinished', It & { step: string }>
  | Event<'ProcessEnded', It & Failure & { outcome: 'succeeded' | 'failed' | 'cancelled'; command: Ask | null }>;

/** How journals of earlier releases are read. */
export const operationHistory: History<OperationEvent> = {
  ProcessEnded: [],
  ProcessStarted: [],
  StepFailed: [],
  StepProgressed: [],
  StepStarted: [],
  StepSucceeded: [],
  UndoFinished: [],
  UndoStarted: [],
};

// ── State ────────────────────────────────────────────────────────

type Running = Readonly<{ kind: string; step: number; facts: Facts }>;

export type Operation =
  | Readonly<{ phase: 'absent' }>
  | Readonly<{ phase: 'ended' }>
  | (Running & Readonly<{ phase: 'doing' }>)
  | (Running & Readonly<{ phase: 'undoing'; why: Failure; attempt: number }>);

const CANCELLED = 'operation.cancelled';
const UNDO_SECONDS = 60;

const later = (at: string, seconds: number) => new Date(Date.parse(at) + seconds * 1000).toISOString();

// ── Rules ────────────────────────────────────────────────────────

/** One decider for all processes of a service: the trigger chooses the table, the journal remembers which it was. */
export const operations = (
  definitions: readonly ProcessDefinition[],
): Decider<OperationCommand, OperationEvent, Operation> => {
  const byName = new Map(definitions.map((it) => [it.name, it]));
  const byTrigger = new Map(definitions.map((it) => [it.trigger, it]));

  const definitionOf = (kind: string): ProcessDefinition => {
    const definition = byName.get(kind);
    if (!definition) throw new Error(`the journal names the process "${kind}", which this release does not know`);
    return definition;
  };
  const stepAt = (kind: string, index: number): StepDefinition => {
    const step = definitionOf(kind).steps[index];
    if (!step) throw new Error(`the process "${kind}" has no step ${index}`);
    return step;
  };

  /** Starts the step at `index`, or ends the process when there is none. */
  const proceed = (it: It, definition: ProcessDefinition, index: number, facts: Facts, at: string): OperationEvent => {
    const step = definition.steps[index];
    const { operationId } = it;
    if (!step) {
      const command = definition.completed?.(facts) ?? null;
      return { type: 'ProcessEnded', data: { operationId, outcome: 'succeeded', code: '', reason: '', command } };
    }
    const dueAt = later(at, step.withinSeconds);
    const command = step.do?.(facts) ?? null;
    return { type: 'StepStarted', data: { operationId, step: step.name, command, awaits: step.done ?? null, dueAt } };
  };

  /** Undoes the step at `index` or the nearest one before it that has an undo; ends the process when there is none left. */
  const handBack = (
    it: It,
    definition: ProcessDefinition,
    index: number,
    facts: Facts,
    why: Failure,
    at: string,
    attempt = 1,
  ): OperationEvent => {
    const { operationId } = it;
    for (let i = index; i >= 0; i--) {
      const step = definition.steps[i];
      if (!step?.undo) continue;
      const dueAt = later(at, UNDO_SECONDS);
      return {
        type: 'UndoStarted',
        data: {
          operationId,
          step: step.name,
          command: step.undo.do(facts),
          awaits: step.undo.done ?? null,
          attempt,
          dueAt,
        },
      };
    }
    const outcome = why.code === CANCELLED ? 'cancelled' : 'failed';
    return {
      type: 'ProcessEnded',
      data: { operationId, outcome, ...why, command: definition.failed?.(facts, why) ?? null },
    };
  };

  const fail = (it: It, state: Running, why: Failure, at: string): Decision<OperationEvent> => {
    const definition = definitionOf(state.kind);
    const step = stepAt(state.kind, state.step).name;
    return [
      { type: 'StepFailed', data: { operationId: it.operationId, step, ...why } },
      handBack(it, definition, state.step, state.facts, why, at),
    ];
  };

  const succeed = (it: It, state: Running, learned: Facts, at: string): Decision<OperationEvent> => {
    const step = stepAt(state.kind, state.step).name;
    return [
      { type: 'StepSucceeded', data: { operationId: it.operationId, step, facts: learned } },
      proceed(it, definitionOf(state.kind), state.step + 1, { ...state.facts, ...learned }, at),
    ];
  };

  const undone = (it: It, state: Extract<Operation, { phase: 'undoing' }>, at: string): Decision<OperationEvent> => [
    { type: 'UndoFinished', data: { operationId: it.operationId, step: stepAt(state.kind, state.step).name } },
    handBack(it, definitionOf(state.kind), state.step - 1, state.facts, state.why, at),
  ];

  const notice = ({ data: { event }, meta }: Notice, state: Operation): Decision<OperationEvent> => {
    const { operationId, ...learned } = event.data as It & Facts; // Whoever routes a notice found the id in the event's data.
    const it = { operationId };
    if (state.phase === 'absent') {
      const definition = byTrigger.get(event.type);
      if (!definition) return [];
      const { name: kind, cancellable } = definition;
      const facts = { ...learned, operationId };
      const steps = definition.steps.map((step) => step.name);
      return [
        {
          type: 'ProcessStarted',
          data: { operationId, kind, subject: definition.subject(facts), steps, facts, cancellable },
        },
        proceed(it, definition, 0, facts, meta.at),
      ];
    }
    if (state.phase === 'ended') return [];
    const step = stepAt(state.kind, state.step);
    if (state.phase === 'undoing') return event.type === step.undo?.done ? undone(it, state, meta.at) : [];
    if (event.type === step.done) return succeed(it, state, learned, meta.at);
    // A pattern for failure or progress was typed by the builder; the journal gives plain data back.
    if (event.type === step.failed) return fail(it, state, failureOf(learned), meta.at);
    if (event.type === step.progress) {
      const { done, total, note } = learned as { done: number; total: number; note: string };
      return [{ type: 'StepProgressed', data: { operationId, step: step.name, done, total, note } }];
    }
    return [];
  };

  const answer = (
    { data: { operationId, undo, refusal, ...about }, meta }: Answer,
    state: Operation,
  ): Decision<OperationEvent> => {
    if (!isAt(state, about.step, undo)) return [];
    const it = { operationId };
    const step = stepAt(state.kind, state.step);
    if (state.phase === 'undoing') return refusal || step.undo?.done ? [] : undone(it, state, meta.at); // a refused undo is asked again when it is due
    if (refusal) return fail(it, state, refusal, meta.at);
    return step.done ? [] : succeed(it, state, {}, meta.at);
  };

  const expire = ({ data: { operationId, undo, step }, meta }: Expire, state: Operation): Decision<OperationEvent> => {
    if (!isAt(state, step, undo)) return [];
    const it = { operationId };
    if (state.phase === 'undoing')
      return [handBack(it, definitionOf(state.kind), state.step, state.facts, state.why, meta.at, state.attempt + 1)];
    const seconds = stepAt(state.kind, state.step).withinSeconds;
    return fail(
      it,
      state,
      { code: 'operation.deadline', reason: `the step "${step}" did not end within ${seconds} s` },
      meta.at,
    );
  };

  const cancel = ({ data: { operationId }, meta }: CancelOperation, state: Operation): Decision<OperationEvent> => {
    if (state.phase === 'absent') return reject('operation.not-found', 'there is no such operation');
    if (state.phase === 'ended') return reject('operation.ended', 'this operation has already ended');
    if (state.phase === 'undoing') return [];
    if (!definitionOf(state.kind).cancellable)
      return reject('operation.not-cancellable', 'this operation cannot be called off once it has begun');
    return fail({ operationId }, state, { code: CANCELLED, reason: 'called off' }, meta.at);
  };

  const isAt = (
    state: Operation,
    name: string,
    undo: boolean,
  ): state is Exclude<Operation, { phase: 'absent' | 'ended' }> =>
    (state.phase === 'doing' || state.phase === 'undoing') &&
    (state.phase === 'undoing') === undo &&
    stepAt(state.kind, state.step).name === name;

  const indexOf = (state: Running, name: string) =>
    definitionOf(state.kind).steps.findIndex((step) => step.name === name);

  return {
    name: 'operation',
    initialState: { phase: 'absent' },
    decide(command, state) {
      switch (command.type) {
        case 'Notice':
          return notice(command, state);
        case 'Answer':
          return answer(command, state);
        case 'Expire':
          return expire(command, state);
        case 'CancelOperation':
          return cancel(command, state);
      }
    },
    evolve(state, event) {
      if (event.type === 'ProcessStarted')
        return { phase: 'doing', kind: event.data.kind, step: 0, facts: event.data.facts };
      if (event.type === 'ProcessEnded') return { phase: 'ended' };
      if (state.phase === 'absent' || state.phase === 'ended') return state;
      const { kind, facts } = state;
      switch (event.type) {
        case 'StepStarted':
          return { phase: 'doing', kind, facts, step: indexOf(state, event.data.step) };
        case 'StepSucceeded':
          return { ...state, facts: { ...facts, ...event.data.facts } };
        case 'StepFailed': {
          const { code, reason } = event.data;
          return { phase: 'undoing', kind, facts, step: state.step, why: { code, reason }, attempt: 0 };
        }
        case 'UndoStarted':
          return state.phase === 'undoing'
            ? { ...state, step: indexOf(state, event.data.step), attempt: event.data.attempt }
            : state;
        case 'StepProgressed':
        case 'UndoFinished':
          return state;
      }
    },
  };
};

const failureOf = (data: Facts): Failure => ({
  code: typeof data['code'] === 'string' ? data['code'] : 'operation.step-failed',
  reason: typeof data['reason'] === 'string' ? data['reason'] : 'the step failed',
});

/** The types of the events that any of these processes listens to. */
export const listenedTo = (definitions: readonly ProcessDefinition[]): ReadonlySet<string> =>
  new Set(
    definitions.flatMap(({ trigger, steps }) => [
      trigger,
      ...steps.flatMap((step) =>
        [step.done, step.failed, step.progress, step.undo?.done].filter((type) => type !== undefined),
      ),
    ]),
  );

/** The command that a journal entry asks the relay to send, if it does. */
export const askedBy = (event: Event): Asking | undefined => {
  const entry = event as OperationEvent; // Any other event has no such type and falls through.
  switch (entry.type) {
    case 'StepStarted': {
      const { command, step, awaits } = entry.data;
      return command ? { command, step, undo: false, awaits } : undefined;
    }
    case 'UndoStarted': {
      const { command, step, awaits } = entry.data;
      return { command, step, undo: true, awaits };
    }
    case 'ProcessEnded':
      return entry.data.command ? { command: entry.data.command, step: null, undo: false, awaits: null } : undefined;
    default:
      return undefined;
  }
};

/** `awaits` is the event that answers; without it the acceptance of the command is the answer. No step: nobody waits. */
export type Asking = Readonly<{ command: Ask; step: string | null; undo: boolean; awaits: string | null }>;
