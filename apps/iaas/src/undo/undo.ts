import { quotas, settings as settingsContract, flavors, hosts, instances } from '@strata/contracts';
import type { Endpoint } from '@strata/contracts';
import { reject } from '@strata/event-sourcing';
import type { Event, Rejection } from '@strata/event-sourcing';
import type { Flavor, FlavorEvent, Size } from '../flavor/flavor.js';
import type { FleetEvent } from '../host/fleet.js';
import type { ImageEvent } from '../image/image.js';
import type { InstanceEvent } from '../instance/instance.js';
import type { Quota, QuotaEvent } from '../quota/quota.js';
import type { Settings, SettingsEvent } from '../settings/settings.js';

/*
 * Theory of operation. Nothing is ever taken out of the log: to undo is to do the opposite, as one more request, through the
 * same rules, by somebody who may. What the opposite is follows from what was asked and from what was before it. The newest
 * change of a thing is undone first, because an older one is not what the thing is now. Some things have no opposite, and
 * then the reason is said.
 */

/** What takes something back, as the contract has it: whoever may ask for that may undo this. */
export type Undo = Readonly<{ endpoint: Endpoint }> &
  (
    | Readonly<{ verb: 'start' | 'stop' | 'pause' | 'resume' | 'restore' | 'delete'; instanceId: string }>
    | Readonly<{ verb: 'cordon' | 'uncordon'; hostId: string }>
    | Readonly<{ verb: 'set-quota'; limits: Quota['limits'] }>
    | Readonly<{ verb: 'change-settings'; settings: Settings }>
    | Readonly<{ verb: 'create-flavor'; flavor: Readonly<{ name: string }> & Size }>
    | Readonly<{ verb: 'delete-flavor'; name: string }>
  );

type Undone = InstanceEvent | FleetEvent | QuotaEvent | SettingsEvent | FlavorEvent | ImageEvent;
type Told = Readonly<{ id: string; meta: Readonly<{ correlationId: string }> }> & Event;

const LIFE: readonly InstanceEvent['type'][] = [
  'InstanceStartRequested',
  'InstanceStopRequested',
  'InstanceRebootRequested',
  'InstancePauseRequested',
  'InstanceResumeRequested',
  'InstanceDeletionScheduled',
  'InstanceRestored',
  'InstanceDeletionRequested',
];

/** Events that change the same thing about a thing: of these, the newest is what it is now. */
const ASPECTS: readonly (readonly Undone['type'][])[] = [
  LIFE,
  ['HostCordoned', 'HostUncordoned'],
  ['QuotaSet'],
  ['SettingsChanged'],
  ['FlavorCreated', 'FlavorDeleted'],
];

/** What has to be known of the events behind one to say whether it can be undone. */
export const isOfAspect = ({ type }: Event): boolean => ASPECTS.some((types) => types.some((it) => it === type));

const impossible = (reason: string) => reject('undo.impossible', reason);

const MEMORY = 'what was in the memory of the guest is gone';

/** Why an event cannot be undone, if it cannot; `later` are events of its stream that came after it. */
export const whyNot = (event: Told, later: readonly Told[]): Rejection | undefined => {
  const { type, data } = event;
  switch (type as Undone['type'] | 'StepFailed') {
    case 'InstanceRebootRequested':
      return impossible(`a reboot cannot be taken back: ${MEMORY}`);
    case 'InstanceDeletionRequested':
      return impossible('what was removed for good cannot be brought back: the disk is gone');
    case 'InstanceRequested':
      return impossible(
        'to take back a creation is to destroy what was written since: delete the instance if you mean it',
      );
    case 'ImageBuildRequested':
    case 'ImageWanted':
      return impossible('a build changes nothing that could be taken back: equal content keeps its digest');
    case 'StepFailed':
      return impossible('an operation that was called off cannot go on: ask for it again');
    default: {
      const aspect = ASPECTS.find((types) => types.some((it) => it === type));
      if (!aspect) return impossible('this is not something that can be taken back');
      const newer = later.findLast((it) => aspect.some((of) => of === it.type) && isOfSame(it.data, data));
      if (!newer) return undefined;
      const { correlationId: requestId } = newer.meta;
      if (!requestId.startsWith('req_'))
        return reject('undo.superseded', `it was changed since by itself: ${newer.type}`);
      return reject('undo.superseded', `it was changed again since (${newer.type}): undo ${requestId} first`, {
        requestId,
      });
    }
  }
};

/** All hosts share a stream. */
const isOfSame = (a: object, b: object) =>
  !('hostId' in a && 'hostId' in b) || 'instanceId' in a || a.hostId === b.hostId;

/** What takes an event back that {@link whyNot} has nothing against. `before` is the state of its aggregate before it. */
export const undoOf = (event: Told, before: unknown): Undo | undefined => {
  // The type decides which event of this service it is, and its stream which state was before it.
  const { type, data } = event as Undone;
  switch (type) {
    case 'InstanceStopRequested':
      return { verb: 'start', endpoint: instances.start, instanceId: data.instanceId };
    case 'InstanceStartRequested':
      return { verb: 'stop', endpoint: instances.stop, instanceId: data.instanceId };
    case 'InstancePauseRequested':
      return { verb: 'resume', endpoint: instances.resume, instanceId: data.instanceId };
    case 'InstanceResumeRequested':
      return { verb: 'pause', endpoint: instances.pause, instanceId: data.instanceId };
    case 'InstanceDeletionScheduled':
      return { verb: 'restore', endpoint: instances.restore, instanceId: data.instanceId };
    case 'InstanceRestored':
      return { verb: 'delete', endpoint: instances.delete, instanceId: data.instanceId };
    case 'HostCordoned':
      return { verb: 'uncordon', endpoint: hosts.uncordon, hostId: data.hostId };
    case 'HostUncordoned':
      return { verb: 'cordon', endpoint: hosts.cordon, hostId: data.hostId };
    case 'QuotaSet':
      return { verb: 'set-quota', endpoint: quotas.set, limits: (before as Quota).limits };
    case 'SettingsChanged':
      return { verb: 'change-settings', endpoint: settingsContract.set, settings: before as Settings };
    case 'FlavorCreated':
      return { verb: 'delete-flavor', endpoint: flavors.delete, name: data.name };
    case 'FlavorDeleted': {
      const was = before as Flavor;
      if (was.phase === 'absent') return undefined;
      const { name, vcpus, memoryMiB, diskGiB } = was;
      return { verb: 'create-flavor', endpoint: flavors.create, flavor: { name, vcpus, memoryMiB, diskGiB } };
    }
    default:
      return undefined;
  }
};
