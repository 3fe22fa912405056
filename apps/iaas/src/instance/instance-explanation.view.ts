import { instanceCan } from '@strata/contracts';
import type { InstanceExplanation, InstanceVerb } from '@strata/contracts';
import type { Recorded } from '@strata/event-store';
import type { FleetEvent, Lack } from '../host/fleet.js';
import { refusal, statusOf } from './instance-state.js';
import type { ExistingInstance } from './instance-state.js';

type Told = Recorded;
type Placed = Recorded<Extract<FleetEvent, { type: 'InstancePlaced' }>>;

/** So many events are told of. */
const LAST = 10;

/** What each of these asks for: the newest of them is the wish. */
const WISHES: Readonly<Record<string, string>> = {
  InstanceRequested: 'to be made',
  InstanceStartRequested: 'to be started',
  InstanceStopRequested: 'to be stopped',
  InstanceRebootRequested: 'to be restarted',
  InstancePauseRequested: 'to be paused',
  InstanceResumeRequested: 'to be resumed',
  InstanceDeletionScheduled: 'to be deleted',
  InstanceRestored: 'to be restored',
  InstanceDeletionRequested: 'to be deleted',
};

const LACKS: Readonly<Record<Lack, string>> = {
  'not-connected': 'not connected',
  cordoned: 'cordoned',
  memory: 'short of memory',
  vcpus: 'short of virtual processors',
  disk: 'short of disk',
  unknown: 'passed over for a reason that was not written down then',
};

const momentOf = ({ id: eventId, position, at, meta }: Told) => ({ eventId, position, at, by: meta.actor });

/** From an instance, its events and the event that placed it to the reasons. Pure. */
export const explanationOf = (
  id: string,
  it: ExistingInstance,
  events: readonly Told[],
  placed: Placed | undefined,
): InstanceExplanation => {
  const asked = events.findLast(({ type }) => type in WISHES);
  const seen = events.findLast(({ type }) => type === 'InstanceObserved');
  const { presence, power, revision } = it.wish;
  const { disk, applied, guestAgent } = it.sight;
  return {
    id,
    name: it.name,
    status: statusOf(it),
    task: it.task?.kind ?? null,
    because: [...whyThere(it, placed), ...whySo(it, asked, seen), ...whatNow(it)],
    placement: placed ? placementOf(placed) : null,
    wish: {
      presence,
      power,
      revision,
      asked: asked ? { ...momentOf(asked), requestId: asked.meta.correlationId } : null,
    },
    sight: { disk, power: it.sight.power, applied, guestAgent, seen: seen ? momentOf(seen) : null },
    events: events.slice(-LAST).map((event) => ({ ...momentOf(event), type: event.type })),
    verbs: verbsOf(it),
  };
};

const placementOf = (placed: Placed) => {
  const { hostId, rule, considered, fitting, passedOver } = placed.data;
  return { ...momentOf(placed), hostId, rule, considered, fitting, passedOver: { ...passedOver } };
};

const verbsOf = (it: ExistingInstance) =>
  // The keys of the table are its verbs.
  (Object.keys(instanceCan) as InstanceVerb[]).map((verb) => {
    const because = refusal(verb, it)?.reason ?? null;
    return { verb, allowed: because === null, because };
  });

const whyThere = (it: ExistingInstance, placed: Placed | undefined): readonly string[] => {
  if (!placed || !it.placement) return ['It has no place on a host.'];
  const { hostId, considered, fitting, passedOver } = placed.data;
  const others = Object.entries(passedOver).map(([lack, count]) => `${count} ${LACKS[lack as Lack]}`); // keys of the event's own record
  const chosen =
    fitting === 1
      ? 'it was the only one with room'
      : `of the ${fitting} with room it was the fullest, so that large requests find room elsewhere`;
  const rest = others.length > 0 ? `; of the others ${others.join(', ')}` : '';
  const hosts = considered === 1 ? 'the one host there was' : `${considered} hosts`;
  return [`It is on ${hostId} since ${placed.at} (#${placed.position}), chosen from ${hosts}: ${chosen}${rest}.`];
};

const whySo = (it: ExistingInstance, asked: Told | undefined, seen: Told | undefined): readonly string[] => {
  const { wish, sight } = it;
  const byWhom =
    asked && `${asked.meta.actor} asked for it ${WISHES[asked.type]} at ${asked.at} (${asked.meta.correlationId}).`;
  const last = seen ? ` at ${seen.at} (#${seen.position})` : '';
  const saw =
    sight.power === 'unknown'
      ? `Nobody can say how it is${last}.`
      : `Its host last saw it ${sight.power}${last}, with the disk ${sight.disk}.`;
  const carried =
    wish.revision > 0 && sight.applied < wish.revision
      ? `The host has carried out revision ${sight.applied} of the wish, which is at ${wish.revision}.`
      : undefined;
  const kept = it.kept && `It is deleted and kept until ${it.kept.until}; then it is removed, unless it is restored.`;
  const reason = it.reason === null ? undefined : `The reason that was given: ${it.reason}.`;
  return [byWhom, saw, carried, kept ?? undefined, reason].filter((sentence) => sentence !== undefined);
};

const whatNow = (it: ExistingInstance): readonly string[] => {
  if (it.task)
    return [`The operation ${it.task.operationId} is at work on it (${it.task.kind}); nothing else can be asked.`];
  const allowed = verbsOf(it).filter((verb) => verb.allowed);
  return [`It can ${allowed.map(({ verb }) => verb).join(', ')} now.`];
};
