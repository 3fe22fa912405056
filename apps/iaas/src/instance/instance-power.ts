import { instanceCan } from '@strata/contracts';
import { command } from '@strata/event-sourcing';
import type { Decision, Event } from '@strata/event-sourcing';
import { exists, refusal, statusOf } from './instance-state.js';
import type { ExistingInstance, Instance } from './instance-state.js';

// ── Commands: what a tenant asks of a machine that is there ──────

type It = Readonly<{ instanceId: string; operationId: string }>;

export class StartInstance extends command('StartInstance')<It> {}
export class StopInstance extends command('StopInstance')<It & { graceSeconds: number }> {}
export class RebootInstance extends command('RebootInstance')<It & { graceSeconds: number }> {}
export class PauseInstance extends command('PauseInstance')<It> {}
export class ResumeInstance extends command('ResumeInstance')<It> {}

export type PowerCommand = StartInstance | StopInstance | RebootInstance | PauseInstance | ResumeInstance;

// ── Events ───────────────────────────────────────────────────────

/** `forceAt`: until then the guest is asked, from then on it is forced. */
type Asked = It & { revision: number; forceAt: string | null };

export type PowerEvent =
  | Event<'InstanceStartRequested', Asked>
  | Event<'InstanceStopRequested', Asked>
  | Event<'InstanceRebootRequested', Asked>
  | Event<'InstancePauseRequested', Asked>
  | Event<'InstanceResumeRequested', Asked>;

// ── Rules ────────────────────────────────────────────────────────

/** What each command is called in the table of transitions, and in the log. */
const asked = {
  StartInstance: { verb: 'start', event: 'InstanceStartRequested' },
  StopInstance: { verb: 'stop', event: 'InstanceStopRequested' },
  RebootInstance: { verb: 'reboot', event: 'InstanceRebootRequested' },
  PauseInstance: { verb: 'pause', event: 'InstancePauseRequested' },
  ResumeInstance: { verb: 'resume', event: 'InstanceResumeRequested' },
} as const;

export const decidePower = ({ type, data, meta }: PowerCommand, it: Instance): Decision<PowerEvent> => {
  const { instanceId, operationId } = data;
  const { verb, event } = asked[type];
  // Asked again, or already so: a restart never is.
  if (exists(it) && it.task?.operationId === operationId) return [];
  if (exists(it) && !it.task && verb !== 'reboot' && statusOf(it) === instanceCan[verb].to) return [];
  const refused = refusal(verb, it);
  if (refused || !exists(it)) return refused ?? [];
  const forceAt =
    'graceSeconds' in data ? new Date(Date.parse(meta.at) + data.graceSeconds * 1000).toISOString() : null;
  return [{ type: event, data: { instanceId, operationId, revision: it.wish.revision + 1, forceAt } }];
};

const wished = {
  InstanceStartRequested: { power: 'on', restart: false, kind: 'starting' },
  InstanceStopRequested: { power: 'off', restart: false, kind: 'stopping' },
  InstanceRebootRequested: { power: 'on', restart: true, kind: 'rebooting' },
  InstancePauseRequested: { power: 'paused', restart: false, kind: 'pausing' },
  InstanceResumeRequested: { power: 'on', restart: false, kind: 'resuming' },
} as const;

export const evolvePower = (it: ExistingInstance, { type, data }: PowerEvent): Instance => {
  const { power, restart, kind } = wished[type];
  const { revision, forceAt, operationId } = data;
  return { ...it, wish: { ...it.wish, power, restart, revision, forceAt }, task: { kind, operationId } };
};
