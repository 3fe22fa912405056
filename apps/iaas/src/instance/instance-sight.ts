import type { InstanceSight } from '@strata/contracts';
import type { Decision } from '@strata/event-sourcing';
import type { ExistingInstance, Instance, InstanceEvent } from './instance.js';

/** What follows from a host's report: the sight if it is news, and what it means for the operation at work or for the wish. */
export const decideSight = (hostId: string, sight: InstanceSight, it: Instance): Decision<InstanceEvent> => {
  if (it.phase === 'absent' || it.phase === 'deleted' || it.placement?.hostId !== hostId) return [];
  if (sight.generation <= it.sight.generation) return [];
  const news = isNews(sight, it);
  const follows = consequences(sight, it, news);
  if (!news && follows.length === 0) return [];
  const { instanceId, ...rest } = sight;
  return [{ type: 'InstanceObserved', data: { instanceId, hostId, ...rest } }, ...follows];
};

const isNews = (sight: InstanceSight, it: ExistingInstance) =>
  sight.disk !== it.sight.disk ||
  sight.power !== it.sight.power ||
  sight.applied !== it.sight.applied ||
  sight.guestAgent !== it.sight.guestAgent ||
  (sight.problem !== null && sight.problem.message !== it.reason);

const consequences = (sight: InstanceSight, it: ExistingInstance, news: boolean): InstanceEvent[] => {
  const { instanceId } = sight;
  if (sight.power === 'unknown' || sight.disk === 'unknown') return [];

  if (it.wish.presence === 'absent') {
    const gone = sight.power === 'absent' && sight.disk === 'absent';
    return gone && it.task
      ? [{ type: 'InstanceGuestRemoved', data: { instanceId, operationId: it.task.operationId } }]
      : [];
  }
  if (it.task) {
    const { kind, operationId } = it.task;
    const failed = (reason: string): InstanceEvent[] => [
      { type: 'InstanceTaskFailed', data: { instanceId, operationId, code: 'instance.task-failed', reason } },
    ];
    if (sight.problem?.final) return failed(sight.problem.message);
    if (kind === 'building-disk')
      return sight.disk === 'present' ? [{ type: 'InstanceDiskBuilt', data: { instanceId, operationId } }] : [];
    if (kind === 'deleting' || sight.applied < it.wish.revision) return [];
    if (sight.power === it.wish.power)
      return [{ type: 'InstancePowerReached', data: { instanceId, operationId, power: sight.power } }];
    return failed(sight.reason ?? `the guest is ${sight.power}, which nobody asked for`);
  }
  // Drift is told once: a guest that is gone stays gone in every later report.
  if (!news || it.phase !== 'ready' || (sight.power === it.wish.power && sight.disk === 'present')) return [];
  const reason = sight.problem?.message ?? sight.reason ?? behindOurBack(sight);
  return [{ type: 'InstanceDrifted', data: { instanceId, power: sight.power, reason } }];
};

const behindOurBack = ({ power, disk }: InstanceSight) => {
  if (disk === 'absent') return 'the root disk is gone from its host';
  if (power === 'absent') return 'the guest is gone from its host';
  return `the guest was found ${power}, which nobody asked for here`;
};
