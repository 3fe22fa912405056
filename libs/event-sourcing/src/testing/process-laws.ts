import type { Meta } from '../command.js';
import { Rejection } from '../decider.js';
import type { Event } from '../decider.js';
import { Answer, CancelOperation, Expire, Notice, askedBy, operations } from '../process-rules.js';
import type { OperationCommand, OperationEvent } from '../process-rules.js';
import type { ProcessDefinition, StepDefinition } from '../process.js';

const operationId = 'op_law';
const meta: Meta = {
  commandId: '00000000-0000-7000-8000-000000000000',
  at: '2026-01-01T00:00:00.000Z',
  tenantId: 'ten_law',
  actor: 'test',
  correlationId: 'law',
  causationId: 'law',
};

/** A world that answers each command of a process, `times` times over, and may fail one step in one way. */
class World {
  readonly journal: OperationEvent[] = [];
  private readonly decider;
  private answered = 0;

  constructor(
    private readonly definition: ProcessDefinition,
    private readonly trigger: Event,
    private readonly learned: Readonly<Record<string, object>>,
    private readonly options: Readonly<{
      times?: number;
      fails?: Readonly<{ step: string; how: 'refused' | 'failed' | 'expired' | 'cancelled' }>;
      /** How often an undo goes unanswered before it is done. */
      undosLost?: number;
    }> = {},
  ) {
    this.decider = operations([definition]);
  }

  /** State is rebuilt from the journal before every message, as after a crash between any two. */
  tell(command: OperationCommand) {
    for (let n = this.options.times ?? 1; n > 0; n--) {
      const state = this.journal.reduce((it, event) => this.decider.evolve(it, event), this.decider.initialState);
      const decision = this.decider.decide(command, state);
      if (decision instanceof Rejection) {
        if (command.type === 'CancelOperation' && this.journal.some((entry) => entry.type === 'StepFailed')) continue;
        throw new Error(`${command.type} was rejected: ${decision.reason}`);
      }
      this.journal.push(...decision);
    }
  }

  run(): this {
    this.tell(new Notice({ operationId, event: this.event(this.trigger.type, this.trigger.data) }, meta));
    let lost = this.options.undosLost ?? 0;
    while (this.answered < this.journal.length) {
      const entry = this.journal[this.answered++];
      if (entry?.type === 'StepStarted') this.answerStep(this.stepOf(entry.data.step));
      if (entry?.type === 'UndoStarted') {
        if (lost-- > 0) this.tell(new Expire({ operationId, step: entry.data.step, undo: true }, meta));
        else this.answerUndo(this.stepOf(entry.data.step));
      }
    }
    return this;
  }

  private answerStep(step: StepDefinition) {
    const { fails } = this.options;
    if (fails?.step === step.name) return this.failStep(step, fails.how);
    this.tell(new Answer({ operationId, step: step.name, undo: false, refusal: null }, meta));
    if (step.progress)
      this.tell(new Notice({ operationId, event: this.event(step.progress, { done: 1, total: 2, note: '' }) }, meta));
    if (step.done)
      this.tell(new Notice({ operationId, event: this.event(step.done, this.learned[step.done] ?? {}) }, meta));
  }

  private failStep(step: StepDefinition, how: 'refused' | 'failed' | 'expired' | 'cancelled') {
    const why = { code: 'law.failed', reason: 'the law wants it' };
    if (how === 'expired') return this.tell(new Expire({ operationId, step: step.name, undo: false }, meta));
    if (how === 'cancelled') return this.tell(new CancelOperation({ operationId }, meta));
    if (how === 'failed' && step.failed)
      return this.tell(new Notice({ operationId, event: this.event(step.failed, why) }, meta));
    return this.tell(new Answer({ operationId, step: step.name, undo: false, refusal: why }, meta));
  }

  private answerUndo(step: StepDefinition) {
    this.tell(new Answer({ operationId, step: step.name, undo: true, refusal: null }, meta));
    const done = step.undo?.done;
    if (done) this.tell(new Notice({ operationId, event: this.event(done, this.learned[done] ?? {}) }, meta));
  }

  private stepOf(name: string): StepDefinition {
    const step = this.definition.steps.find((it) => it.name === name);
    if (!step) throw new Error(`no step "${name}"`);
    return step;
  }

  private event = (type: string, data: object): Event => ({ type, data: { ...data, operationId } });
}

const namesOf = (journal: readonly OperationEvent[], type: OperationEvent['type']) =>
  journal.flatMap((entry) => (entry.type === type && 'step' in entry.data ? [entry.data.step] : []));

const endOf = (journal: readonly OperationEvent[]) => journal.filter((entry) => entry.type === 'ProcessEnded');

/**
 * The laws of every process, as tests: it completes; a step that fails in any way hands everything back, last first; every
 * message three times changes nothing; an undo that is lost is asked again; a crash between any two messages is harmless.
 * `learned` gives the data of the events that answer steps, by event type.
 */
export const obeysTheProcessLaws = (
  definition: ProcessDefinition,
  trigger: Event,
  learned: Readonly<Record<string, object>> = {},
) => {
  describe(`the process "${definition.name}"`, () => {
    const world = (options: ConstructorParameters<typeof World>[3] = {}) =>
      new World(definition, trigger, learned, options);

    it('completes when every step succeeds', () => {
      const { journal } = world().run();
      expect(namesOf(journal, 'StepSucceeded')).toEqual(definition.steps.map((step) => step.name));
      expect(endOf(journal)).toMatchObject([{ data: { outcome: 'succeeded' } }]);
    });

    it('does nothing new when every message comes three times', () => {
      expect(withoutProgress(world({ times: 3 }).run().journal)).toEqual(withoutProgress(world().run().journal));
    });

    for (const [index, step] of definition.steps.entries()) {
      const ways = [
        'refused',
        'failed',
        'expired',
        ...(definition.cancellable ? (['cancelled'] as const) : []),
      ] as const;
      for (const how of ways) {
        it(`gives everything back, last first, when "${step.name}" is ${how}`, () => {
          const { journal } = world({ fails: { step: step.name, how } }).run();
          const owed = definition.steps.slice(0, index + 1).filter((it) => it.undo);
          expect(namesOf(journal, 'UndoFinished')).toEqual(owed.map((it) => it.name).reverse());
          expect(endOf(journal)).toMatchObject([{ data: { outcome: how === 'cancelled' ? 'cancelled' : 'failed' } }]);
        });
      }
      it(`does nothing new when "${step.name}" fails and every message comes three times`, () => {
        const fails = { step: step.name, how: 'refused' } as const;
        expect(withoutProgress(world({ fails, times: 3 }).run().journal)).toEqual(
          withoutProgress(world({ fails }).run().journal),
        );
      });
      it(`asks again for an undo that was lost after "${step.name}" failed`, () => {
        const fails = { step: step.name, how: 'refused' } as const;
        const { journal } = world({ fails, undosLost: 3 }).run();
        expect(endOf(journal)).toHaveLength(1);
      });
    }

    it('writes each command once, with everything it needs', () => {
      const asked = world()
        .run()
        .journal.flatMap((entry) => askedBy(entry) ?? []);
      for (const { command } of asked) expect(JSON.parse(JSON.stringify(command))).toStrictEqual(command);
    });
  });
};

/** Progress is told as often as it comes; everything else once. */
const withoutProgress = (journal: readonly OperationEvent[]) =>
  journal.filter((entry) => entry.type !== 'StepProgressed');
