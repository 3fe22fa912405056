import { operationHistory } from '@strata/event-sourcing';
import type { History, OperationEvent } from '@strata/event-sourcing';
import type { FlavorEvent } from './flavor/flavor.js';
import type { FleetEvent } from './host/fleet.js';
import { fleetUpcasts } from './host/fleet.upcast.js';
import type { ImageEvent } from './image/image.js';
import type { InstanceEvent } from './instance/instance.js';
import type { InstanceIdEvent } from './instance/instance-id.js';
import type { NetworkEvent } from './network/network.js';
import type { QuotaEvent } from './quota/quota.js';
import type { RebuildEvent } from './rebuild/rebuild.js';
import type { SettingsEvent } from './settings/settings.js';

/** Every event of this service. */
type IaasEvent =
  | OperationEvent
  | FlavorEvent
  | FleetEvent
  | ImageEvent
  | InstanceEvent
  | InstanceIdEvent
  | NetworkEvent
  | QuotaEvent
  | RebuildEvent
  | SettingsEvent;

/**
 * How each of them is read that an earlier release wrote: the steps from its first version to today's, which lie in a file
 * `<noun>.upcast.ts` beside the rules. Most have kept their shape. One that is missing, or one too many, does not compile.
 */
export const history: History<IaasEvent> = {
  ...operationHistory,

  FlavorCreated: [],
  FlavorDeleted: [],

  HostConnected: [],
  HostCordoned: [],
  HostLost: [],
  HostUncordoned: [],
  ...fleetUpcasts,
  InstanceUnplaced: [],

  ImageBuildFailed: [],
  ImageBuildProgressed: [],
  ImageBuildRequested: [],
  ImageBuilt: [],
  ImageNotReady: [],
  ImageReady: [],
  ImageWanted: [],

  InstanceBootRequested: [],
  InstanceDeleted: [],
  InstanceDeletionRequested: [],
  InstanceDeletionScheduled: [],
  InstanceDiskBuilt: [],
  InstanceDiskRequested: [],
  InstanceDrifted: [],
  InstanceExecRequested: [],
  InstanceFailed: [],
  InstanceGuestRemoved: [],
  InstanceIdClaimed: [],
  InstanceObserved: [],
  InstancePauseRequested: [],
  InstancePowerReached: [],
  InstanceRebootRequested: [],
  InstanceRemovalRequested: [],
  InstanceRequested: [],
  InstanceRestored: [],
  InstanceResumeRequested: [],
  InstanceStartRequested: [],
  InstanceStopRequested: [],
  InstanceTaskAbandoned: [],
  InstanceTaskFailed: [],

  AddressAllocated: [],
  AddressReleased: [],
  NetworkCreated: [],
  NetworkObserved: [],

  QuotaReleased: [],
  QuotaReserved: [],
  QuotaSet: [],

  RebuildFailed: [],
  RebuildFinished: [],
  RebuildProgressed: [],
  RebuildRequested: [],

  SettingsChanged: [],
};
