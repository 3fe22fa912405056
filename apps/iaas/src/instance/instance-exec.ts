import { command, reject } from '@strata/event-sourcing';
import type { Decision, Event } from '@strata/event-sourcing';
import { statusOf } from './instance-state.js';
import type { Instance } from './instance-state.js';

/** Somebody runs a command inside the guest. Neither the command nor what it says is here: both may hold secrets. */
export class RunInGuest extends command('RunInGuest')<{ instanceId: string }> {}

/** It changes nothing of the instance; it is there so that everybody who was inside is known. */
export type ExecEvent = Event<'InstanceExecRequested', { instanceId: string }>;

export const decideExec = ({ data: { instanceId } }: RunInGuest, it: Instance): Decision<ExecEvent> => {
  const status = statusOf(it);
  return status === 'running'
    ? [{ type: 'InstanceExecRequested', data: { instanceId } }]
    : reject('instance.wrong-state', `an instance that is ${status} runs nothing`, { status });
};
