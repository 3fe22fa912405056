import type { Event } from '../decider.js';
import { Versions } from '../history.js';
import type { History } from '../history.js';

type Stored = Event & Readonly<{ schemaVersion: number }>;

/**
 * The laws of a history, as tests, over events as they were really stored: every step has an example that it was written
 * for; a step gives the same each time and leaves what it was given alone; what was read is of today and is not read anew.
 */
export const obeysTheHistoryLaws = (name: string, history: History, examples: readonly Stored[]): void => {
  describe(`the history of ${name}`, () => {
    const versions = new Versions(history);

    for (const [type, steps] of Object.entries(history)) {
      for (let version = 1; version <= steps.length + 1; version++) {
        const its = examples.filter((it) => it.type === type && it.schemaVersion === version);
        it(`reads ${type} of version ${version}`, () => {
          expect(its).not.toEqual([]);
          for (const example of its) {
            const stored = frozen(example);
            const read = versions.read(stored);
            expect(read.schemaVersion).toBe(steps.length + 1);
            expect(versions.read(stored)).toEqual(read);
            expect(versions.read(read)).toBe(read);
          }
        });
      }
    }
  });
};

const frozen = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
};
