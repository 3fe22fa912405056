import type { Ends } from './ends.js';
import type { Figure } from './figure.js';

/** What a measurement is given. */
export type Conditions = Readonly<{
  /** Where it says how to end what it starts. */
  ends: Ends;
  /** Measure only on the real disk what is otherwise measured in memory, or in both. */
  onDisk: boolean;
  /** Smaller and shorter, to see that it works: figures are then worth less. */
  quick: boolean;
  /** A folder for the server's processor profiles; left out, there are none. */
  profile: string | undefined;
  /** What is going on, for whoever waits. */
  tell: (line: string) => void;
}>;

/** @throws CannotMeasure when this machine does not allow it */
export type Measurement = (conditions: Conditions) => Promise<readonly Figure[]>;

/** A measurement that this machine does not allow is left out, and said to be. */
export class CannotMeasure extends Error {}
