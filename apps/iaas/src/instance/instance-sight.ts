import type { InstanceSight, Power } from '@strata/contracts';
import { command, unreachable } from '@strata/event-sourcing';
import type { Decision, Event } from '@strata/event-sourcing';
import { followingSight } from './instance-state.js';
import type { ExistingInstance, Instance } from './instance-state.js';

// ── Command: what a host reports ─────────────────────────────────

type It = Readonly<{ instanceId: string; operationId: string }>;
type From = Readonly<{ instanceId: string; hostId: string }>;

export class ReportInstance extends command('ReportInstance')<From & { sight: InstanceSight }> {}

// ── Events ───────────────────────────────────────────────────────

export type SightEvent =
  | Event<'InstanceObserved', From & Omit<InstanceSight, 'instanceId'>>
  | Event<'InstanceDiskBuilt', It>
  | Event<'InstancePowerReached', It & { power: Power }>
  | Event<'InstanceGuestRemoved', It>
  | Event<'InstanceTaskFailed', It & { code: string; reason: string }>
  | Event<'InstanceDrifted', { instanceId: string; power: Power | 'absent'; reason: string }>;

// ── Rules ────────────────────────────────────────────────────────

/** The sight if it is news, and what it means for the operation at work or for the wish. */
export const decideSight = ({ data: { hostId, sight } }: ReportInstance, it: Instance): Decision<SightEvent> => {
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

const consequences = (sight: InstanceSight, it: ExistingInstance, news: boolean): SightEvent[] => {
  const { instanceId, disk, power, problem } = sight;
  if (power === 'unknown' || disk === 'unknown') return [];
  if (it.task) return ofTask({ ...sight, disk, power }, it, it.task);
  // Drift is told once: a guest that is gone stays gone in every later report.
  if (!news || it.phase !== 'ready' || (power === it.wish.power && disk === 'present')) return [];
  const reason = problem?.message ?? sight.reason ?? behindOurBack(sight);
  return [{ type: 'InstanceDrifted', data: { instanceId, power, reason } }];
};

type Known = InstanceSight & Readonly<{ power: Power | 'absent' }>;

const ofTask = (
  sight: Known,
  { wish }: ExistingInstance,
  { kind, operationId }: NonNullable<ExistingInstance['task']>,
): SightEvent[] => {
  const { instanceId, power, disk, problem } = sight;
  const it = { instanceId, operationId };
  if (wish.presence === 'absent')
    return power === 'absent' && disk === 'absent' ? [{ type: 'InstanceGuestRemoved', data: it }] : [];
  const failed = (reason: string): SightEvent[] => [
    { type: 'InstanceTaskFailed', data: { ...it, code: 'instance.task-failed', reason } },
  ];
  if (problem?.final) return failed(problem.message);
  if (kind === 'building-disk') return disk === 'present' ? [{ type: 'InstanceDiskBuilt', data: it }] : [];
  if (kind === 'deleting' || sight.applied < wish.revision) return [];
  if (power === wish.power) return [{ type: 'InstancePowerReached', data: { ...it, power } }];
  return failed(sight.reason ?? `the guest is ${power}, which nobody asked for`);
};

const behindOurBack = ({ power, disk }: InstanceSight) => {
  if (disk === 'absent') return 'the root disk is gone from its host';
  if (power === 'absent') return 'the guest is gone from its host';
  return `the guest was found ${power}, which nobody asked for here`;
};

export const evolveSight = (
  it: ExistingInstance,
  event: Exclude<SightEvent, { type: 'InstanceGuestRemoved' }>,
): Instance => {
  switch (event.type) {
    case 'InstanceObserved': {
      const { generation, disk, power, applied, guestAgent, reason, problem } = event.data;
      const known = problem?.message ?? reason ?? (it.phase === 'failed' ? it.reason : null);
      return { ...it, sight: { generation, disk, power, applied, guestAgent }, reason: known };
    }
    case 'InstanceDiskBuilt':
      return { ...it, built: true };
    case 'InstancePowerReached':
      return { ...it, phase: it.phase === 'building' ? 'ready' : it.phase, task: null, reason: null };
    case 'InstanceTaskFailed':
      // While it is being built the process goes on working on it, to hand everything back.
      return { ...followingSight(it), task: it.phase === 'building' ? it.task : null, reason: event.data.reason };
    case 'InstanceDrifted':
      return { ...followingSight(it), reason: event.data.reason };
    default:
      return unreachable(event);
  }
};
