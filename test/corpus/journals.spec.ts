import { Answer, CancelOperation, Expire, Notice, Rejection, askedBy, operations } from '@strata/event-sourcing';
import type { Facts, Meta, Operation, OperationCommand, OperationEvent } from '@strata/event-sourcing';
import { isAbout } from '@strata/event-store';
import { processes } from '../../apps/iaas/src/iaas.module.js';
import { Commands } from '../../apps/iaas/src/rules.js';
import { NEXT, logOf, releases } from './corpus.js';
import type { Line } from './normal.js';

/*
 * A release may be replaced while operations are under way: their journals then hold facts and commands of the release
 * before, and the tables of today go on from there. Every journal of the corpus is broken off after every entry.
 */

const decider = operations(processes);
const meta: Meta = {
  commandId: '00000000-0000-7000-8000-000000000000',
  at: '2026-02-01T00:00:00.000Z',
  tenantId: 'ten_default',
  actor: 'test',
  correlationId: 'req_1',
  causationId: 'req_1',
};

type Journal = readonly OperationEvent[];

const journalsOf = (lines: readonly Line[]): readonly Journal[] =>
  // The streams of operations hold journals and nothing else.
  [...Map.groupBy(lines.filter(isAbout('operation')), ({ stream }) => stream).values()] as unknown as Journal[];

const foldOf = (journal: Journal): Operation =>
  journal.reduce<Operation>((state, entry) => decider.evolve(state, entry), decider.initialState);

/** Whatever may happen next to an operation whose last entry begins a step or an undo. */
const nextOf = (journal: Journal, learned: Facts): readonly OperationCommand[] => {
  const last = journal.at(-1);
  if (last?.type !== 'StepStarted' && last?.type !== 'UndoStarted') return [];
  const { operationId, step } = last.data;
  const undo = last.type === 'UndoStarted';
  const done = { type: last.data.awaits ?? '', data: { operationId, ...learned } };
  return [
    new Answer({ operationId, step, undo, refusal: null }, meta),
    new Answer({ operationId, step, undo, refusal: { code: 'test.refused', reason: 'it is refused' } }, meta),
    new Notice({ operationId, event: done }, meta),
    new Expire({ operationId, step, undo }, meta),
    new CancelOperation({ operationId }, meta),
  ];
};

/** What the step that is under way really learned, as the next entry of the journal says. */
const learnedIn = (entry: OperationEvent | undefined): Facts =>
  entry?.type === 'StepSucceeded' ? entry.data.facts : {};

const taken = new Set(Commands.handlers.map((it) => ('name' in it ? String(it.name) : '')));

for (const release of releases().filter((it) => it !== NEXT)) {
  describe(`an operation that the release ${release} left under way`, () => {
    const journals = journalsOf(logOf(release, 'iaas'));

    it('goes on from wherever it stood, with everything that its next command needs', () => {
      let asked = 0;
      for (const journal of journals) {
        for (let length = 1; length <= journal.length; length++) {
          const before = journal.slice(0, length);
          for (const command of nextOf(before, learnedIn(journal[length]))) {
            const decision = decider.decide(command, foldOf(before));
            if (decision instanceof Rejection) continue;
            for (const next of decision.flatMap((entry) => askedBy(entry)?.command ?? [])) {
              asked++;
              // A fact that the old journal does not have would be a hole in the command.
              expect(JSON.parse(JSON.stringify(next))).toStrictEqual(next);
              expect(taken).toContain(`${next.type}Handler`);
            }
          }
        }
      }
      expect(asked).toBeGreaterThan(100);
    });

    it('asks for nothing that nobody takes any more', () => {
      const commands = journals.flatMap((journal) => journal.flatMap((entry) => askedBy(entry)?.command.type ?? []));
      expect(commands.filter((type) => !taken.has(`${type}Handler`))).toEqual([]);
    });
  });
}
