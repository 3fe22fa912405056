import type { InstanceWish, Power } from '@strata/contracts';
import type { Observed } from '@strata/hypervisor';

/**
 * From a wish and a sight to what is to be done about one guest. Nothing here knows what was done before, except what the
 * hypervisor cannot show: when the guest was last asked to shut down, and which reboot was carried out but not marked yet.
 *
 * Three rules stand above the others. A disk that was once seen is never made anew: where it is missing, people must look.
 * A wish is applied once: what happens to a guest after its revision was applied is drift, which is reported and left to
 * the control plane. And a disk is removed only when its instance is wished to be absent, after everything else.
 */
export type Seen = Readonly<{
  disk: 'present' | 'absent';
  network: 'present' | 'absent';
  lease: 'reserved' | 'free';
  domain: Observed | undefined;
  /** RFC 3339: when the agent last asked this guest to shut down for the wish at hand. */
  askedAt?: string | undefined;
  /** The newest revision for which this agent rebooted the guest. */
  rebooted?: number | undefined;
}>;

/** One verb of the hypervisor, to be carried out for the instance of the wish. */
export type Action =
  | Readonly<{ verb: 'ensureRoot' | 'reserve' | 'start' | 'pause' | 'resume' | 'requestShutdown' | 'stop' }>
  | Readonly<{ verb: 'remove' | 'release' | 'removeRoot' }>
  | Readonly<{ verb: 'define'; applied: number }>
  | Readonly<{ verb: 'reboot'; forced: boolean }>
  | Readonly<{ verb: 'mark'; revision: number }>;

export type Plan = Readonly<{
  /** To be carried out in this order; when one fails, the rest is planned anew. */
  actions: readonly Action[];
  /** The wish is not met yet, and time or somebody else has to act next. */
  waiting: boolean;
  /** Why the wish can never be met. */
  lost: string | null;
  /** What somebody else did to the guest and the plan repairs, in words for people. */
  repairs: string | null;
}>;

/** A guest that was asked to shut down while it booted may have missed it, so it is asked again. */
const ASK_AGAIN_MS = 10_000;

export const reconcile = (wish: InstanceWish, seen: Seen, now: string): Plan => {
  if (wish.presence === 'absent') return plan(tearDown(seen));
  if (seen.disk === 'absent' && (wish.built || seen.domain !== undefined)) {
    return { ...plan([]), lost: 'the root disk is gone; it is not made anew, because it may have held data' };
  }
  const root: Action[] = seen.disk === 'absent' ? [{ verb: 'ensureRoot' }] : [];
  const reachable = seen.network === 'present' || seen.lease === 'reserved';
  // Without its network a guest can still be stopped, but neither be made nor be started.
  if (!reachable && (seen.domain === undefined || wish.power === 'on')) return { ...plan(root), waiting: true };
  const lease: Action[] = seen.lease === 'free' && reachable ? [{ verb: 'reserve' }] : [];
  const { actions, waiting } = drive(wish, seen, now);
  return { ...plan([...root, ...lease, ...define(wish, seen), ...actions]), waiting, repairs: repairs(wish, seen) };
};

/** The highest revision that is known to have been applied: the log and the hypervisor may each lag behind the other. */
export const appliedOf = (wish: InstanceWish, seen: Pick<Seen, 'domain'>): number =>
  Math.max(wish.applied, seen.domain?.applied ?? 0);

/** Why a guest is not as it is wished to be although the wish was applied; `null` when nothing of the kind happened. */
export const driftOf = (wish: InstanceWish, seen: Pick<Seen, 'domain'>): string | null => {
  const { domain } = seen;
  if (wish.presence === 'absent' || domain === undefined) return null;
  if (domain.power === wish.power || appliedOf(wish, seen) < wish.revision) return null;
  return domain.reason ?? byOthers[domain.power];
};

const byOthers: Readonly<Record<Power, string>> = {
  on: 'started by somebody else',
  off: 'stopped by somebody else',
  paused: 'paused by somebody else',
};

const plan = (actions: readonly Action[]): Plan => ({ actions, waiting: false, lost: null, repairs: null });

/** The disk goes last: as long as it is there, an agent that was killed half-way finds out that something is left to do. */
const tearDown = ({ domain, lease, disk }: Seen): readonly Action[] => [
  ...(domain !== undefined && domain.power !== 'off' ? [{ verb: 'stop' } as const] : []),
  ...(domain !== undefined ? [{ verb: 'remove' } as const] : []),
  ...(lease === 'reserved' ? [{ verb: 'release' } as const] : []),
  ...(disk === 'present' ? [{ verb: 'removeRoot' } as const] : []),
];

const define = (wish: InstanceWish, seen: Seen): readonly Action[] =>
  seen.domain?.definition === 'persistent' ? [] : [{ verb: 'define', applied: appliedOf(wish, seen) }];

const repairs = (wish: InstanceWish, { domain }: Seen): string | null => {
  if (domain?.definition === 'transient') return 'the definition was removed by somebody else and was restored';
  if (domain === undefined && wish.applied > 0) return 'the guest was removed by somebody else and was defined again';
  return null;
};

/** Power. A guest that is not defined yet is planned for as the definition will leave it: off. */
const drive = (wish: InstanceWish, seen: Seen, now: string): Pick<Plan, 'actions' | 'waiting'> => {
  if (appliedOf(wish, seen) >= wish.revision) return { actions: [], waiting: false };
  const power = seen.domain?.power ?? 'off';
  const forced = wish.forceAt !== null && Date.parse(now) >= Date.parse(wish.forceAt);
  const mark: Action = { verb: 'mark', revision: wish.revision };
  const reaching = (...actions: readonly Action[]) => ({ actions: [...actions, mark], waiting: false });
  switch (wish.power) {
    case 'on': {
      if (power === 'off') return reaching({ verb: 'start' });
      const awake: Action[] = power === 'paused' ? [{ verb: 'resume' }] : [];
      if (!wish.restart || seen.rebooted === wish.revision) return reaching(...awake);
      // A guest that cannot be asked now is forced later, so that the plan waits even while it acts.
      return { ...reaching(...awake, { verb: 'reboot', forced }), waiting: !forced };
    }
    case 'paused':
      if (power === 'paused') return reaching();
      return reaching(...(power === 'off' ? [{ verb: 'start' } as const] : []), { verb: 'pause' });
    case 'off': {
      if (power === 'off') return reaching();
      if (forced) return reaching({ verb: 'stop' });
      if (seen.askedAt !== undefined && Date.parse(now) - Date.parse(seen.askedAt) < ASK_AGAIN_MS) {
        return { actions: [], waiting: true };
      }
      // A paused guest hears nothing.
      const awake: Action[] = power === 'paused' ? [{ verb: 'resume' }] : [];
      return { actions: [...awake, { verb: 'requestShutdown' }], waiting: true };
    }
  }
};
