import { command, reject, unreachable } from '@strata/event-sourcing';
import type { Decider, Decision, Event } from '@strata/event-sourcing';

/** One at a time for the whole platform: whoever wants another waits for its end. */
export const REBUILD = 'views';

/** What came of one read model; `before` is null where it had not come that far by itself. */
type View = Readonly<{ view: string; rows: number; before: string | null; after: string }>;
export type Outcome = Readonly<{ events: number; seconds: number; eventsPerSecond: number; views: readonly View[] }>;

// ── Commands ─────────────────────────────────────────────────────

type It = Readonly<{ operationId: string }>;
type Progress = Readonly<{ done: number; total: number; note: string }>;

export class RequestRebuild extends command('RequestRebuild')<It & { views: readonly string[] }> {}
export class ReportRebuild extends command('ReportRebuild')<It & Progress> {}
export class FinishRebuild extends command('FinishRebuild')<It & Outcome> {}
export class FailRebuild extends command('FailRebuild')<It & { reason: string }> {}

export type RebuildCommand = RequestRebuild | ReportRebuild | FinishRebuild | FailRebuild;

// ── Events ───────────────────────────────────────────────────────

export type RebuildEvent =
  | Event<'RebuildRequested', It & { views: readonly string[]; at: string }>
  | Event<'RebuildProgressed', It & Progress>
  | Event<'RebuildFinished', It & Outcome>
  | Event<'RebuildFailed', It & { code: string; reason: string }>;

// ── State ────────────────────────────────────────────────────────

/** The latest one. */
export type Rebuild = Readonly<{
  operationId: string;
  views: readonly string[];
  status: 'running' | 'succeeded' | 'failed';
  reason: string | null;
  outcome: Outcome;
}> | null;

const nothing: Outcome = { events: 0, seconds: 0, eventsPerSecond: 0, views: [] };

// ── Rules ────────────────────────────────────────────────────────

const decide = (command: RebuildCommand, it: Rebuild): Decision<RebuildEvent> => {
  const { operationId } = command.data;
  if (command.type === 'RequestRebuild') {
    if (it?.operationId === operationId) return [];
    if (it?.status === 'running') {
      const instead = `wait for the operation ${it.operationId}`;
      return reject('log.rebuilding', `read models are being rebuilt already; ${instead}`, {
        operationId: it.operationId,
      });
    }
    return [{ type: 'RebuildRequested', data: { ...command.data, at: command.meta.at } }];
  }
  // What an earlier process still tells of one that has ended is no news.
  if (it?.operationId !== operationId || it.status !== 'running') return [];
  switch (command.type) {
    case 'ReportRebuild':
      return [{ type: 'RebuildProgressed', data: command.data }];
    case 'FinishRebuild':
      return [{ type: 'RebuildFinished', data: command.data }];
    case 'FailRebuild':
      return [{ type: 'RebuildFailed', data: { ...command.data, code: 'log.rebuild-failed' } }];
    default:
      return unreachable(command);
  }
};

const evolve = (it: Rebuild, event: RebuildEvent): Rebuild => {
  switch (event.type) {
    case 'RebuildRequested': {
      const { operationId, views } = event.data;
      return { operationId, views, status: 'running', reason: null, outcome: nothing };
    }
    case 'RebuildProgressed':
      return it;
    case 'RebuildFinished': {
      const { events, seconds, eventsPerSecond, views } = event.data;
      return it && { ...it, status: 'succeeded', outcome: { events, seconds, eventsPerSecond, views } };
    }
    case 'RebuildFailed':
      return it && { ...it, status: 'failed', reason: event.data.reason };
    default:
      return unreachable(event);
  }
};

export const rebuild: Decider<RebuildCommand, RebuildEvent, Rebuild> = {
  name: 'rebuild',
  scope: 'platform',
  initialState: null,
  decide,
  evolve,
};
