import type { InstanceWish } from '@strata/contracts';
import type { Observed } from '@strata/hypervisor';
import fc from 'fast-check';
import { midnight, wishOf } from './agent.fixtures.js';
import { driftOf, reconcile } from './reconcile.js';
import type { Action, Plan, Seen } from './reconcile.js';

const nothing: Seen = { disk: 'absent', network: 'present', lease: 'free', domain: undefined };
const guest = (power: Observed['power'], applied = 1, change: Partial<Observed> = {}): Seen => ({
  disk: 'present',
  network: 'present',
  lease: 'reserved',
  domain: { instanceId: 'inst_1', power, applied, definition: 'persistent', guestAgent: false, ...change },
});
const verbs = ({ actions }: Plan): string => actions.map(({ verb }) => verb).join(' ');
const planned = (change: Partial<InstanceWish>, seen: Seen, now = midnight): string =>
  verbs(reconcile(wishOf(1, change), seen, now));
const asked = { power: 'off', revision: 2, applied: 1, built: true } as const;
const rebooted = { revision: 2, applied: 1, built: true, restart: true } as const;
const later = '2026-01-01T00:01:00.000Z';

describe('a guest that is wished', () => {
  it('is made from nothing: disk, address, definition, power', () => {
    expect(planned({}, nothing)).toBe('ensureRoot reserve define start mark');
  });
  it('is left as it is when there is nothing to do', () => {
    expect(reconcile(wishOf(1, { applied: 1, built: true }), guest('on'), midnight)).toEqual({
      actions: [],
      waiting: false,
      lost: null,
      repairs: null,
    });
  });
  it('is not made anew when its disk is gone', () => {
    const plan = reconcile(wishOf(1, { built: true }), nothing, midnight);
    expect(plan.actions).toEqual([]);
    expect(plan.lost).toMatch('not made anew');
  });
  it('is not made anew either when only its definition tells that there was a disk', () => {
    const plan = reconcile(wishOf(), { ...guest('off', 0), disk: 'absent' }, midnight);
    expect(plan.actions).toEqual([]);
    expect(plan.lost).not.toBeNull();
  });
  it('gets its disk while it waits for its network', () => {
    const plan = reconcile(wishOf(), { ...nothing, network: 'absent' }, midnight);
    expect([verbs(plan), plan.waiting]).toEqual(['ensureRoot', true]);
  });
  it('is defined with the revision that the log knows, so that nothing is applied twice', () => {
    const plan = reconcile(
      wishOf(1, { revision: 4, applied: 4, built: true }),
      { ...nothing, disk: 'present' },
      midnight,
    );
    expect(plan.actions).toContainEqual({ verb: 'define', applied: 4 });
    expect(verbs(plan)).toBe('reserve define');
    expect(plan.repairs).toMatch('removed by somebody else');
  });
  it('becomes persistent again when somebody removed its definition', () => {
    const plan = reconcile(wishOf(1, { applied: 1 }), guest('on', 1, { definition: 'transient' }), midnight);
    expect(verbs(plan)).toBe('define');
    expect(plan.repairs).toMatch('restored');
  });
  it('has its address reserved again when that was lost', () => {
    expect(planned({ applied: 1 }, { ...guest('on'), lease: 'free' })).toBe('reserve');
  });
});

describe('power', () => {
  it('that is so already is only marked', () => expect(planned({ revision: 2 }, guest('on'))).toBe('mark'));
  it('comes back from a pause', () => expect(planned({ revision: 2 }, guest('paused'))).toBe('resume mark'));
  it('is paused', () => expect(planned({ power: 'paused', revision: 2 }, guest('on'))).toBe('pause mark'));
  it('is paused after a start', () => {
    expect(planned({ power: 'paused', revision: 2 }, guest('off'))).toBe('start pause mark');
  });
  it('is taken away gracefully', () => {
    const plan = reconcile(wishOf(1, asked), guest('on'), midnight);
    expect([verbs(plan), plan.waiting]).toEqual(['requestShutdown', true]);
  });
  it('is waited for without asking all the time', () => {
    const plan = reconcile(wishOf(1, asked), { ...guest('on'), askedAt: midnight }, '2026-01-01T00:00:09.000Z');
    expect([verbs(plan), plan.waiting]).toEqual(['', true]);
  });
  it('is asked for again when the guest did not hear', () => {
    expect(planned(asked, { ...guest('on'), askedAt: midnight }, '2026-01-01T00:00:10.000Z')).toBe('requestShutdown');
  });
  it('is taken away by force from the moment that the wish names', () => {
    expect(planned({ ...asked, forceAt: later }, { ...guest('on'), askedAt: midnight }, later)).toBe('stop mark');
  });
  it('of a paused guest comes back first, for it hears nothing', () => {
    expect(planned(asked, guest('paused'))).toBe('resume requestShutdown');
  });
  it('that differs after the wish was applied is drift: reported, not acted on', () => {
    for (const power of ['off', 'paused'] as const) expect(planned({ applied: 1 }, guest(power))).toBe('');
    expect(driftOf(wishOf(), guest('off', 1, { reason: 'crashed' }))).toBe('crashed');
    expect(driftOf(wishOf(), guest('paused'))).toBe('paused by somebody else');
    expect(driftOf(wishOf(), guest('on'))).toBeNull();
    expect(driftOf(wishOf(1, { revision: 2 }), guest('off'))).toBeNull();
  });
  it('was applied when either the log or the hypervisor knows it', () => {
    expect(planned({ revision: 3, applied: 3 }, guest('off', 1))).toBe('');
    expect(planned({ revision: 3, applied: 1 }, guest('off', 3))).toBe('');
  });
});

describe('a reboot', () => {
  it('asks first', () => {
    const plan = reconcile(wishOf(1, { ...rebooted, forceAt: later }), guest('on'), midnight);
    expect(plan.actions).toEqual([
      { verb: 'reboot', forced: false },
      { verb: 'mark', revision: 2 },
    ]);
  });
  it('is forced from the moment that the wish names', () => {
    const plan = reconcile(wishOf(1, { ...rebooted, forceAt: later }), guest('on'), later);
    expect(plan.actions).toContainEqual({ verb: 'reboot', forced: true });
  });
  it('of a guest that is off is a start', () => expect(planned(rebooted, guest('off'))).toBe('start mark'));
  it('that was carried out is only marked', () => {
    expect(planned(rebooted, { ...guest('on'), rebooted: 2 })).toBe('mark');
  });
});

describe('a guest that shall be gone', () => {
  it('is stopped, removed, gives its address back and loses its disk last', () => {
    expect(planned({ presence: 'absent' }, guest('on'))).toBe('stop remove release removeRoot');
  });
  it('goes on from wherever its end was interrupted', () => {
    expect(planned({ presence: 'absent' }, { ...nothing, disk: 'present', lease: 'reserved' })).toBe(
      'release removeRoot',
    );
    expect(planned({ presence: 'absent' }, nothing)).toBe('');
  });
});

// ── Laws ─────────────────────────────────────────────────────────

const powers = fc.constantFrom('on' as const, 'off' as const, 'paused' as const);
const presences = fc.constantFrom('present' as const, 'absent' as const);
const anyWish = fc
  .record({
    presence: presences,
    power: powers,
    revision: fc.integer({ min: 1, max: 4 }),
    applied: fc.integer({ min: 0, max: 4 }),
    restart: fc.boolean(),
    forceAt: fc.constantFrom(null, midnight, later),
    built: fc.boolean(),
  })
  .map((change) => wishOf(1, change));
const anySight: fc.Arbitrary<Seen> = fc.record({
  disk: presences,
  network: fc.constantFrom('present' as const),
  lease: fc.constantFrom('reserved' as const, 'free' as const),
  domain: fc.option(
    fc.record({
      instanceId: fc.constant('inst_1'),
      power: powers,
      applied: fc.integer({ min: 0, max: 4 }),
      definition: fc.constantFrom('persistent' as const, 'transient' as const),
      guestAgent: fc.boolean(),
    }),
    { nil: undefined },
  ),
});

/** What each verb makes of a host whose guests obey when they are asked to. */
const after = (seen: Seen, action: Action): Seen => {
  const domain = seen.domain ?? {
    instanceId: 'inst_1',
    power: 'off',
    applied: 0,
    definition: 'persistent',
    guestAgent: false,
  };
  const powered = (power: Observed['power']): Seen => ({ ...seen, domain: { ...domain, power } });
  switch (action.verb) {
    case 'ensureRoot':
      return { ...seen, disk: 'present' };
    case 'reserve':
      return { ...seen, lease: 'reserved' };
    case 'define':
      return {
        ...seen,
        domain: { ...domain, definition: 'persistent', applied: Math.max(domain.applied, action.applied) },
      };
    case 'start':
    case 'resume':
    case 'reboot':
      return powered('on');
    case 'pause':
      return powered('paused');
    case 'requestShutdown':
    case 'stop':
      return powered('off');
    case 'mark':
      return { ...seen, domain: { ...domain, applied: Math.max(domain.applied, action.revision) } };
    case 'remove':
      return { ...seen, domain: undefined };
    case 'release':
      return { ...seen, lease: 'free' };
    case 'removeRoot':
      return { ...seen, disk: 'absent' };
  }
};

const isMet = (wish: InstanceWish, seen: Seen): boolean =>
  wish.presence === 'absent'
    ? seen.disk === 'absent' && seen.domain === undefined && seen.lease === 'free'
    : seen.disk === 'present' && seen.lease === 'reserved' && seen.domain?.definition === 'persistent';

describe('the law of reconciling', () => {
  it('from anywhere a few rounds reach the wish, and then there is nothing to do', () => {
    fc.assert(
      fc.property(anyWish, anySight, (wish, start) => {
        let seen = start;
        let plan = reconcile(wish, seen, midnight);
        for (let round = 0; round < 3 && plan.actions.length > 0; round += 1) {
          seen = plan.actions.reduce(after, seen);
          plan = reconcile(wish, seen, midnight);
        }
        expect(plan.actions).toEqual([]);
        if (plan.lost !== null) return;
        expect(isMet(wish, seen)).toBe(true);
        const drifted = driftOf(wish, seen) !== null;
        if (wish.presence === 'present' && !drifted) expect(seen.domain?.power).toBe(wish.power);
        if (wish.presence === 'present')
          expect(Math.max(wish.applied, seen.domain?.applied ?? 0)).toBeGreaterThanOrEqual(wish.revision);
      }),
      { numRuns: 2_000 },
    );
  });

  it('also when every plan ends after its first action', () => {
    fc.assert(
      fc.property(anyWish, anySight, (wish, start) => {
        let seen = start;
        for (let step = 0; step < 12; step += 1) {
          const [next] = reconcile(wish, { ...seen, rebooted: step > 6 ? wish.revision : undefined }, midnight).actions;
          if (next === undefined) return;
          seen = after(seen, next);
        }
        expect(reconcile(wish, { ...seen, rebooted: wish.revision }, midnight).actions).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });

  it('no plan removes the disk of a guest that is wished, nor makes one where there was one', () => {
    fc.assert(
      fc.property(anyWish, anySight, (wish, seen) => {
        const made = reconcile(wish, seen, midnight).actions.map(({ verb }) => verb);
        if (wish.presence === 'present') expect(made).not.toContain('removeRoot');
        if (wish.presence === 'present') expect(made).not.toContain('remove');
        if (wish.built || seen.domain !== undefined) expect(made).not.toContain('ensureRoot');
      }),
      { numRuns: 2_000 },
    );
  });
});
