import type { InstanceWish } from '@strata/contracts';
import type { Fault, Verb } from '@strata/hypervisor';
import { Scene, midnight } from './agent.fixtures.js';

/** Ways to make the agent use each verb, from a guest that runs, or from nothing where the change is `null`. */
const uses: readonly (readonly [Verb, Partial<InstanceWish> | null])[] = [
  ['networks.ensure', null],
  ['networks.list', null],
  ['networks.leases', null],
  ['networks.reserve', null],
  ['disks.list', null],
  ['disks.ensureRoot', null],
  ['domains.observe', null],
  ['domains.define', null],
  ['domains.start', null],
  ['domains.mark', null],
  ['domains.mark', { restart: true }],
  ['domains.pause', { power: 'paused' }],
  ['domains.requestShutdown', { power: 'off' }],
  ['domains.stop', { power: 'off', forceAt: midnight }],
  ['domains.reboot', { restart: true }],
  ['domains.reboot', { restart: true, forceAt: midnight }],
  ['domains.stop', { presence: 'absent' }],
  ['domains.remove', { presence: 'absent' }],
  ['networks.release', { presence: 'absent' }],
  ['disks.removeRoot', { presence: 'absent' }],
];

const faults: readonly Fault[] = [
  { kind: 'fail', outcome: 'retryable' },
  { kind: 'fail', outcome: 'refused' },
  { kind: 'hang' },
  { kind: 'done-but-said-failed' },
  { kind: 'vanished' },
];

const isMet = (scene: Scene, instanceId: string): boolean => {
  const wish = scene.controlPlane.instances.get(instanceId);
  const sight = scene.newest(instanceId);
  const { guests, disks, leases } = scene.host.world;
  if (wish?.presence === 'absent') {
    return sight?.disk === 'absent' && guests.size + disks.size + leases.size === 0;
  }
  return sight?.applied === wish?.revision && sight?.power === wish?.power && sight?.problem === null;
};

describe('the wish is met in the end', () => {
  for (const [verb, change] of uses) {
    for (const fault of faults) {
      const told = fault.kind === 'fail' ? fault.outcome : fault.kind;
      it(`when ${verb} meets "${told}" on the way to ${JSON.stringify(change ?? 'a new guest')}`, async () => {
        const scene = await Scene.open({ shutdownMs: 2_000 });
        const instanceId = 'inst_1';
        if (change) await scene.running();
        else await scene.time.tick(0);
        scene.host.faults.on(verb, fault);
        if (change) scene.controlPlane.ask(instanceId, change);
        else scene.controlPlane.wish(scene.guest());
        await scene.until(() => isMet(scene, instanceId) || scene.newest(instanceId)?.problem?.final === true);
        // What was refused for good is tried again when it is asked for again, and only then.
        if (scene.newest(instanceId)?.problem?.final === true) {
          expect(told).toBe('refused');
          await scene.time.tick(90_000);
          expect(isMet(scene, instanceId)).toBe(false);
          scene.controlPlane.ask(instanceId, change ?? {});
          await scene.until(() => isMet(scene, instanceId));
        }
        expect(scene.newest(instanceId)?.problem).toBeNull();
        await scene.agent.stop();
      });
    }
  }
});

describe('a verb that fails all the time', () => {
  it('is tried less and less often, and the problem is told once', async () => {
    const scene = await Scene.open();
    scene.host.faults.on('domains.start', { kind: 'fail', outcome: 'retryable' }, { times: 1_000 });
    scene.controlPlane.wish(scene.guest());
    await scene.until(() => scene.newest('inst_1')?.problem != null);
    expect(scene.newest('inst_1')?.problem?.final).toBe(false);
    await scene.time.tick(300_000);
    const tries = 1_000 - scene.host.faults.pending;
    expect(tries).toBeGreaterThan(8);
    expect(tries).toBeLessThan(20);
  });

  it('does not keep other guests from theirs', async () => {
    const scene = await Scene.open();
    scene.host.faults.on('domains.start', { kind: 'hang' }, { times: 100, instanceId: 'inst_1' });
    scene.controlPlane.wish(scene.guest(1), scene.guest(2));
    await scene.until(() => scene.newest('inst_2')?.power === 'on', 2_000);
    expect(scene.newest('inst_1')?.power).not.toBe('on');
  });

  it('is forced in the end when it is a request that the guest refuses', async () => {
    const scene = await Scene.open();
    const instanceId = await scene.running();
    const forceAt = new Date(Date.parse(scene.time.now()) + 20_000).toISOString();
    scene.host.faults.on('domains.requestShutdown', { kind: 'fail', outcome: 'refused' }, { times: 100 });
    scene.controlPlane.ask(instanceId, { power: 'off', forceAt });
    await scene.until(() => scene.newest(instanceId)?.problem != null);
    expect(scene.newest(instanceId)?.problem?.final).toBe(false);
    await scene.until(() => scene.newest(instanceId)?.power === 'off');
    expect(scene.newest(instanceId)).toMatchObject({ applied: 2, problem: null });
  });
});
