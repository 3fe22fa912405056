import { HypervisorError, SimulatedHost, SimulatedHypervisor } from '@strata/hypervisor';
import { Scene, network } from './agent.fixtures.js';
import { Lookout } from './lookout.js';
import { Outbox } from './outbox.js';
import { Pump } from './pump.js';
import { Slots } from './slots.js';

const networkStates = (scene: Scene) => scene.controlPlane.reports.flatMap(({ networks }) => networks);
const imageSights = (scene: Scene) => scene.controlPlane.reports.flatMap(({ images }) => images);
const recipe = { imageId: 'img_1', recipe: 'debian-12' };

describe('networks', () => {
  it('are laid before the guests that need them, and guests wait for theirs', async () => {
    const scene = await Scene.open({ latency: { 'networks.ensure': 5_000 } });
    scene.controlPlane.wish(scene.guest());
    await scene.until(() => scene.newest('inst_1')?.disk === 'present', 3_000);
    expect(scene.newest('inst_1')).toMatchObject({ power: 'absent', problem: null });
    await scene.until(() => scene.newest('inst_1')?.power === 'on', 6_000);
    expect(networkStates(scene)).toMatchObject([{ networkId: 'net_1', state: 'present', problem: null }]);
  });

  it('that cannot be laid are the problem of their guests, but not a final one', async () => {
    const scene = await Scene.open();
    await scene.time.tick(100);
    const clash = { ...network, networkId: 'net_2', cidr: '10.77.3.0/24' };
    scene.controlPlane.networks = [network, clash];
    const wish = scene.guest();
    const lease = { ...wish.spec.lease, networkId: 'net_2', ip: '10.77.3.5' };
    scene.controlPlane.wish({ ...wish, spec: { ...wish.spec, lease } });
    await scene.until(() => networkStates(scene).some(({ problem }) => problem?.includes('overlaps') === true));
    await scene.until(() => scene.newest('inst_1')?.problem?.message.includes('overlaps') === true);
    expect(scene.newest('inst_1')?.problem?.final).toBe(false);
  });

  it('go after their last guest, and not before', async () => {
    const scene = await Scene.open({ latency: { 'domains.stop': 5_000 } });
    const instanceId = await scene.running();
    scene.controlPlane.networks = [{ ...network, presence: 'absent' }];
    scene.controlPlane.ask(instanceId, { presence: 'absent' });
    await scene.time.tick(4_000);
    expect(scene.host.world.networks.has('net_1')).toBe(true);
    await scene.until(() => networkStates(scene).at(-1)?.state === 'absent', 5_000);
    expect(scene.host.world.networks.has('net_1')).toBe(false);
  });

  it('that are no longer wished while they are laid go again', async () => {
    const scene = await Scene.open({ latency: { 'networks.ensure': 3_000 } });
    await scene.time.tick(1_000);
    scene.controlPlane.networks = [{ ...network, presence: 'absent' }];
    scene.controlPlane.nudge(undefined);
    await scene.until(() => networkStates(scene).at(-1)?.state === 'absent', 4_000);
    await scene.time.tick(3_000);
    expect(scene.host.world.networks.size).toBe(0);
    expect(networkStates(scene).at(-1)?.state).toBe('absent');
  });

  it('that somebody removed are laid again, and addresses reserved again', async () => {
    const scene = await Scene.open();
    await scene.running();
    scene.host.world.networks.delete('net_1');
    for (const lease of scene.host.world.leases.keys()) scene.host.world.leases.delete(lease);
    await scene.until(() => scene.host.world.leases.size === 1, 31_000);
    expect(scene.host.world.networks.has('net_1')).toBe(true);
    expect(scene.boots('inst_1')).toBe(1);
  });
});

describe('images', () => {
  it('are built with progress, and told once', async () => {
    const scene = await Scene.open({ latency: { 'images.build': 1_000 } });
    scene.controlPlane.images = [recipe, { imageId: 'img_2', recipe: 'tiny' }];
    scene.controlPlane.nudge(undefined);
    await scene.until(() => imageSights(scene).filter(({ state }) => state === 'built').length === 2);
    const first = imageSights(scene).filter(({ imageId }) => imageId === 'img_1');
    expect(first.at(-1)).toMatchObject({ state: 'built', virtualGiB: 2 });
    // The simulation makes all its steps in one moment; no more than one of them is worth a message.
    expect(first.filter(({ state }) => state === 'building').length).toBeLessThanOrEqual(1);
    await scene.time.tick(10_000);
    expect(imageSights(scene).filter(({ state }) => state === 'built')).toHaveLength(2);
  });

  it('are built one at a time', async () => {
    const scene = await Scene.open({ latency: { 'images.build': 1_000 } });
    scene.controlPlane.images = [recipe, { imageId: 'img_2', recipe: 'tiny' }];
    scene.controlPlane.nudge(undefined);
    await scene.time.tick(500);
    scene.controlPlane.nudge(undefined);
    await scene.until(() => imageSights(scene).some(({ imageId, state }) => imageId === 'img_1' && state === 'built'));
    await scene.time.tick(600);
    expect(imageSights(scene).some(({ imageId }) => imageId === 'img_2')).toBe(false);
  });

  it('are tried again when the failure may pass', async () => {
    const scene = await Scene.open();
    scene.host.faults.on('images.build', { kind: 'fail', outcome: 'retryable' }, { times: 2 });
    scene.controlPlane.images = [recipe];
    scene.controlPlane.nudge(undefined);
    await scene.until(() => imageSights(scene).some(({ state }) => state === 'built'));
    expect(imageSights(scene).some(({ state }) => state === 'failed')).toBe(false);
  });

  it('fail with a sentence when the recipe is unknown, until the wish is withdrawn', async () => {
    const scene = await Scene.open();
    scene.controlPlane.images = [{ imageId: 'img_1', recipe: 'plan 9' }];
    scene.controlPlane.nudge(undefined);
    await scene.until(() => imageSights(scene).length > 0);
    expect(imageSights(scene)).toMatchObject([
      { state: 'failed', message: expect.stringContaining('plan 9') as unknown },
    ]);
  });
});

describe('looks', () => {
  it('are shared by those who ask while one is under way, and come one after the other', async () => {
    const { host, time } = await Scene.open();
    const slow = new SimulatedHost({
      clock: time,
      latency: { 'domains.observe': 1_000 },
      changes: host.world.changes(),
    });
    const lookout = new Lookout(new SimulatedHypervisor(slow));
    const order: string[] = [];
    const first = lookout.look().then(() => order.push('first'));
    const [second, third] = [lookout.look(), lookout.look()];
    expect(second).toBe(third);
    const next = second.then(() => order.push('second'));
    await time.tick(1_500);
    expect(order).toEqual(['first']);
    await time.tick(1_000);
    await Promise.all([first, next]);
    expect(order).toEqual(['first', 'second']);
  });
});

describe('slots', () => {
  it('let no more work in than they have room for, in order, also when work fails', async () => {
    const slots = new Slots(2);
    const ends: (() => void)[] = [];
    const begun: number[] = [];
    const work = [1, 2, 3, 4].map((number) =>
      slots.run(async () => {
        begun.push(number);
        await new Promise<void>((resolve) => ends.push(resolve));
        if (number === 1) throw new HypervisorError('refused', 'no');
      }),
    );
    const all = Promise.allSettled(work);
    expect(begun).toEqual([1, 2]);
    ends[0]?.();
    await expect(work[0]).rejects.toThrow('no');
    await Promise.resolve();
    expect(begun).toEqual([1, 2, 3]);
    while (begun.length < 4 || ends.length < 4) {
      for (const end of ends) end();
      await Promise.resolve();
    }
    ends[3]?.();
    expect((await all).map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled', 'fulfilled']);
  });
});

describe('an outbox', () => {
  const make = () =>
    new Outbox<{ id: string; generation: number; text: string }>(
      ({ id }) => id,
      ({ text }) => ({ text }),
    );

  it('takes what is new and nothing else', () => {
    const outbox = make();
    expect(outbox.offer({ id: 'a', generation: 1, text: 'on' }, false)).toBe(true);
    expect(outbox.offer({ id: 'a', generation: 2, text: 'on' }, false)).toBe(false);
    expect(outbox.offer({ id: 'a', generation: 3, text: 'on' }, true)).toBe(true);
    expect(outbox.take()).toEqual([{ id: 'a', generation: 3, text: 'on' }]);
    expect(outbox.take()).toEqual([]);
  });

  it('keeps a newer sight in front of one that comes back', () => {
    const outbox = make();
    outbox.offer({ id: 'a', generation: 1, text: 'on' }, false);
    const taken = outbox.take();
    outbox.offer({ id: 'a', generation: 2, text: 'off' }, false);
    outbox.putBack(taken);
    expect(outbox.take()).toEqual([{ id: 'a', generation: 2, text: 'off' }]);
  });
});

describe('a pump', () => {
  it('works once for many rings, and once more for those that came meanwhile', async () => {
    const scene = await Scene.open();
    let runs = 0;
    const work = async () => {
      runs += 1;
      await Promise.resolve();
      if (runs === 1) for (let ring = 0; ring < 5; ring += 1) pump.ring();
    };
    const pump: Pump = new Pump(work, () => undefined, scene.time, 1_000);
    for (let ring = 0; ring < 5; ring += 1) pump.ring();
    await scene.time.tick(100);
    expect(runs).toBe(2);
  });

  it('pauses after a failure, tells of it and works again', async () => {
    const scene = await Scene.open();
    let runs = 0;
    const causes: unknown[] = [];
    const work = () => {
      runs += 1;
      return runs === 1 ? Promise.reject(new Error('not yet')) : Promise.resolve();
    };
    const pump = new Pump(work, (cause) => causes.push(cause), scene.time, 1_000);
    pump.ring();
    await scene.time.tick(900);
    expect([runs, causes]).toEqual([1, [new Error('not yet')]]);
    await scene.time.tick(100);
    expect(runs).toBe(2);
  });
});
