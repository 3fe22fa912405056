import type { Endpoint } from '@strata/contracts';
import type { ProblemError } from './problem.js';

/**
 * Whether there is room for more: a disk that fills up, or work that piles up behind what was accepted, must be noticed while
 * everything still works.
 */
export type Headroom = Readonly<{
  /** Why a request may not add to it now, in the words of its answer. Asked for each, so it answers from memory. */
  obstacleTo(endpoint: Endpoint): ProblemError | undefined;
}>;

/** There is always room. */
export const boundless: Headroom = { obstacleTo: () => undefined };
