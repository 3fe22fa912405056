import { on, process } from '@strata/event-sourcing';
import { REBUILD } from './rebuild.js';
import type { RebuildEvent } from './rebuild.js';

/** Longer than any log takes; a process that dies meanwhile is followed by one that begins anew. Seconds. */
const WITHIN = 24 * 3600;

/** The wish is in the log before this begins; whoever has the read models folds, tells how far it is, and what came of it. */
export const rebuildViews = process('rebuild-views', {
  startsOn: on<RebuildEvent, 'RebuildRequested'>('RebuildRequested'),
  subject: () => ({ type: 'rebuild', id: REBUILD }),
  cancellable: false,
})
  .step('fold', {
    done: on<RebuildEvent, 'RebuildFinished'>('RebuildFinished'),
    failed: on<RebuildEvent, 'RebuildFailed'>('RebuildFailed'),
    progress: on<RebuildEvent, 'RebuildProgressed'>('RebuildProgressed'),
    within: WITHIN,
  })
  .ends();
