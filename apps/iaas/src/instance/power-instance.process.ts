import { ask, on, process } from '@strata/event-sourcing';
import type { ProcessDefinition } from '@strata/event-sourcing';
import type { KeepingEvent } from './instance-keeping.js';
import type { PowerEvent } from './instance-power.js';
import { AbandonTask } from './instance-removal.js';
import type { InstanceEvent } from './instance.js';

type Asked = PowerEvent | KeepingEvent;

/** The wish is in the log before the process begins; all that is left is to wait until the host has carried it out. */
const power = (name: string, startsOn: Asked['type'], withinSeconds: number): ProcessDefinition =>
  process(name, {
    startsOn: on<Asked>(startsOn),
    subject: ({ instanceId }) => ({ type: 'instance', id: instanceId }),
  })
    .step('guest', {
      done: on<InstanceEvent, 'InstancePowerReached'>('InstancePowerReached'),
      failed: on<InstanceEvent, 'InstanceTaskFailed'>('InstanceTaskFailed'),
      within: withinSeconds,
    })
    .ends({
      failed: ({ instanceId, operationId }, { reason }) => ask(AbandonTask, { instanceId, operationId, reason }),
    });

export const powerProcesses: readonly ProcessDefinition[] = [
  power('start-instance', 'InstanceStartRequested', 120),
  // The longest grace that can be asked for is 600 s; after it the guest is forced.
  power('stop-instance', 'InstanceStopRequested', 720),
  power('reboot-instance', 'InstanceRebootRequested', 720),
  power('pause-instance', 'InstancePauseRequested', 60),
  power('resume-instance', 'InstanceResumeRequested', 60),
  // What is left of a deletion that can be taken back is to stop the guest; and of taking it back, to start it.
  power('schedule-deletion', 'InstanceDeletionScheduled', 720),
  power('restore-instance', 'InstanceRestored', 120),
];
