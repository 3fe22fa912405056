import { Rejection } from '../decider.js';
import type { Decider, Event } from '../decider.js';

/** Sentences about a decider: `given(requested).when(stop).then(stopRequested)`, `.isRejected('…')`, `.changesNothing()`. */
export const sentences = <C, E extends Event, S>(decider: Decider<C, E, S>) => ({
  given: (...past: readonly E[]) => ({
    when(command: C) {
      const state = past.reduce((it, event) => decider.evolve(it, event), decider.initialState);
      const decision = decider.decide(command, state);
      return {
        then: (...expected: readonly E[]) => expect(decision).toEqual(expected),
        isRejected(code: string) {
          expect(decision).toBeInstanceOf(Rejection);
          expect(decision).toMatchObject({ code });
        },
        changesNothing: () => expect(decision).toEqual([]),
        decision,
      };
    },
    state: past.reduce((it, event) => decider.evolve(it, event), decider.initialState),
  }),
});
