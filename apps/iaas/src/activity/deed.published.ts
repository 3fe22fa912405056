import type { Recorded } from '@strata/event-store';
import { idIn, isAbout } from '@strata/event-store';

/** What somebody asked of which thing, in the words of the API. */
export type Deed = Readonly<{ verb: string; type: string; id: string }>;

/** The event that stands for a request, by its type: other events of the request only serve it. */
const VERBS: Readonly<Record<string, readonly [verb: string, type: string]>> = {
  InstanceRequested: ['create', 'instance'],
  InstanceStartRequested: ['start', 'instance'],
  InstanceStopRequested: ['stop', 'instance'],
  InstanceRebootRequested: ['reboot', 'instance'],
  InstancePauseRequested: ['pause', 'instance'],
  InstanceResumeRequested: ['resume', 'instance'],
  InstanceDeletionScheduled: ['delete', 'instance'],
  InstanceDeletionRequested: ['delete', 'instance'],
  InstanceRestored: ['restore', 'instance'],
  ImageBuildRequested: ['build', 'image'],
  ImageWanted: ['build', 'image'],
  FlavorCreated: ['create', 'flavor'],
  FlavorDeleted: ['delete', 'flavor'],
  HostCordoned: ['cordon', 'host'],
  HostUncordoned: ['uncordon', 'host'],
  QuotaSet: ['set', 'quota'],
  SettingsChanged: ['set', 'setting'],
  StepFailed: ['cancel', 'operation'],
};

export const DEEDS: readonly string[] = Object.keys(VERBS);

/** `undefined` for what happened by itself, or only serves what was asked. */
export const deedOf = ({ type, data, stream, meta }: Recorded): Deed | undefined => {
  const { correlationId, causationId } = meta;
  const [verb, thing] = VERBS[type] ?? [];
  if (verb === undefined || thing === undefined) return undefined;
  if (causationId !== correlationId || !correlationId.startsWith('req_')) return undefined;
  if (thing === 'flavor') return { verb, type: thing, id: `flavor_${idIn(stream)}` };
  const id = isFleet({ stream }) && 'hostId' in data ? String(data.hostId) : idIn(stream);
  return { verb, type: thing, id };
};

const isFleet = isAbout('fleet');
