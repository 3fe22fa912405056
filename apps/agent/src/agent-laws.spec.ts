import type { Verb } from '@strata/hypervisor';
import fc from 'fast-check';
import { Scene } from './agent.fixtures.js';

const verbs: readonly Verb[] = [
  'networks.ensure',
  'networks.reserve',
  'networks.leases',
  'disks.ensureRoot',
  'disks.list',
  'domains.observe',
  'domains.define',
  'domains.start',
  'domains.mark',
  'domains.pause',
  'domains.resume',
  'domains.requestShutdown',
  'domains.stop',
  'domains.reboot',
];
const kinds = ['retryable', 'hang', 'done-but-said-failed', 'vanished'] as const;
const powers = fc.constantFrom('on' as const, 'off' as const, 'paused' as const);

/** What may come between a wish and its end. */
const trouble = fc.oneof(
  fc.record({ kind: fc.constant('power' as const), power: powers, restart: fc.boolean() }),
  fc.record({ kind: fc.constantFrom('crash' as const, 'destroy' as const, 'undefine' as const) }),
  fc.record({ kind: fc.constantFrom('silence' as const, 'new agent' as const, 'deaf' as const) }),
  fc.record({ kind: fc.constant('fault' as const), verb: fc.constantFrom(...verbs), fault: fc.constantFrom(...kinds) }),
);
type Trouble = typeof trouble extends fc.Arbitrary<infer Value> ? Value : never;

const cause = async (scene: Scene, it: Trouble): Promise<void> => {
  const { host, controlPlane, time } = scene;
  const guest = host.world.guests.get('inst_1');
  switch (it.kind) {
    case 'power': {
      const forceAt = new Date(Date.parse(time.now()) + 5_000).toISOString();
      return controlPlane.ask('inst_1', { power: it.power, restart: it.restart && it.power === 'on', forceAt });
    }
    case 'crash':
      return guest && guest.power !== 'off' ? host.crash('inst_1') : undefined;
    case 'destroy':
      return guest && guest.power !== 'off' ? host.destroyOutside('inst_1') : undefined;
    case 'undefine':
      return guest ? host.undefineOutside('inst_1') : undefined;
    case 'silence':
      host.unreachable(true);
      await time.tick(3_000);
      return host.unreachable(false);
    case 'new agent': {
      const replaced = scene.replaceAgent();
      await time.tick(6_000);
      return replaced;
    }
    case 'deaf':
      controlPlane.deaf += 2;
      return;
    case 'fault': {
      const fault = it.fault === 'retryable' ? ({ kind: 'fail', outcome: it.fault } as const) : { kind: it.fault };
      return host.faults.on(it.verb, fault);
    }
  }
};

describe('the law of the agent', () => {
  it('whatever happened, in the end the wish is met, or its drift is told; and the disk was never touched', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(trouble, fc.nat(3_000)), { maxLength: 8 }), async (story) => {
        const scene = await Scene.open({ shutdownMs: 4_000, bootMs: 500 });
        const { host, controlPlane, time } = scene;
        controlPlane.wish(scene.guest());
        await time.tick(0);
        let disk = host.world.disks.get('inst_1');
        for (const [it, pause] of story) {
          await cause(scene, it);
          await time.tick(pause);
          disk ??= host.world.disks.get('inst_1');
        }
        host.faults.clear();
        await time.tick(90_000);
        // One more request brings back whatever drifted on the way.
        controlPlane.ask('inst_1', { power: 'on' });
        await scene.until(() => scene.newest('inst_1')?.applied === controlPlane.instances.get('inst_1')?.revision);
        expect(scene.newest('inst_1')).toMatchObject({ disk: 'present', power: 'on', problem: null });
        expect(host.world.guests.get('inst_1')).toMatchObject({ power: 'on', defined: true });
        if (disk) expect(host.world.disks.get('inst_1')).toBe(disk);
        controlPlane.ask('inst_1', { presence: 'absent' });
        await scene.until(() => scene.newest('inst_1')?.disk === 'absent');
        expect([host.world.guests.size, host.world.disks.size, host.world.leases.size]).toEqual([0, 0, 0]);
        await scene.agent.stop();
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});
