import type { ProvenLog } from '@strata/event-store';

/** The logs of this process, in the order in which they are told of. */
export abstract class Logs {
  abstract all(): readonly ProvenLog[];
}
