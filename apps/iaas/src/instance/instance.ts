import type { Decider } from '@strata/event-sourcing';
import { decideBuilding, evolveBuilding, requestedInstance } from './instance-building.js';
import type { BuildingCommand, BuildingEvent } from './instance-building.js';
import { decideExec } from './instance-exec.js';
import type { ExecEvent, RunInGuest } from './instance-exec.js';
import { decideKeeping, evolveKeeping } from './instance-keeping.js';
import type { KeepingCommand, KeepingEvent } from './instance-keeping.js';
import { decidePower, evolvePower } from './instance-power.js';
import type { PowerCommand, PowerEvent } from './instance-power.js';
import { decideRemoval, evolveRemoval } from './instance-removal.js';
import type { RemovalCommand, RemovalEvent } from './instance-removal.js';
import { decideSight, evolveSight } from './instance-sight.js';
import type { ReportInstance, SightEvent } from './instance-sight.js';
import { exists } from './instance-state.js';
import type { Instance } from './instance-state.js';

/*
 * Theory of operation. A tenant's command changes the wish, a host's report changes the sight, and the status is computed
 * from both. A wish about power counts its revisions; the host remembers the highest revision that it carried out, so what
 * was applied is never applied again. When the sight differs from the wish and nobody is at work on it, something happened
 * behind our back: the wish then follows the sight and the reason is kept, because starting a guest again is for its owner
 * to decide. At most one operation is at work on an instance.
 */

export type InstanceCommand =
  BuildingCommand | PowerCommand | RemovalCommand | KeepingCommand | ReportInstance | RunInGuest;
export type InstanceEvent = BuildingEvent | PowerEvent | RemovalEvent | KeepingEvent | SightEvent | ExecEvent;

export const instance: Decider<InstanceCommand, InstanceEvent, Instance> = {
  name: 'instance',
  initialState: { phase: 'absent' },
  decide(command, it) {
    switch (command.type) {
      case 'ReportInstance':
        return decideSight(command, it);
      case 'RunInGuest':
        return decideExec(command, it);
      case 'StartInstance':
      case 'StopInstance':
      case 'RebootInstance':
      case 'PauseInstance':
      case 'ResumeInstance':
        return decidePower(command, it);
      case 'RestoreInstance':
      case 'PurgeInstance':
        return decideKeeping(command, it);
      case 'DeleteInstance':
      case 'RemoveGuest':
      case 'FinishDeletion':
      case 'AbandonTask':
        return decideRemoval(command, it);
      default:
        return decideBuilding(command, it);
    }
  },
  evolve(it, event) {
    if (event.type === 'InstanceRequested') return requestedInstance(event.data);
    if (!exists(it)) return it;
    switch (event.type) {
      case 'InstanceStartRequested':
      case 'InstanceStopRequested':
      case 'InstanceRebootRequested':
      case 'InstancePauseRequested':
      case 'InstanceResumeRequested':
        return evolvePower(it, event);
      case 'InstanceDeletionScheduled':
      case 'InstanceRestored':
        return evolveKeeping(it, event);
      case 'InstanceObserved':
      case 'InstanceDiskBuilt':
      case 'InstancePowerReached':
      case 'InstanceTaskFailed':
      case 'InstanceDrifted':
        return evolveSight(it, event);
      case 'InstanceDiskRequested':
      case 'InstanceBootRequested':
      case 'InstanceFailed':
        return evolveBuilding(it, event);
      case 'InstanceExecRequested':
        return it;
      default:
        return evolveRemoval(it, event);
    }
  },
};
