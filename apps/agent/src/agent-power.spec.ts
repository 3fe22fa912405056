import { Scene, midnight } from './agent.fixtures.js';

const secondsLater = (seconds: number): string => new Date(Date.parse(midnight) + seconds * 1_000).toISOString();

describe('power', () => {
  it('is taken away gracefully when the guest obeys', async () => {
    const scene = await Scene.open({ shutdownMs: 5_000 });
    const instanceId = await scene.running();
    scene.controlPlane.ask(instanceId, { power: 'off', forceAt: secondsLater(60) });
    await scene.until(() => scene.newest(instanceId)?.applied === 2);
    expect(scene.newest(instanceId)).toMatchObject({ power: 'off', reason: null });
    const verbs = scene.controlPlane.sightsOf(instanceId).flatMap(({ calls }) => calls.map(({ verb }) => verb));
    expect(verbs.slice(-2)).toEqual(['requestShutdown', 'mark']);
    expect(verbs.filter((verb) => verb === 'requestShutdown')).toHaveLength(1);
  });

  it('is pulled when the guest does not obey in time', async () => {
    const scene = await Scene.open({ shutdownMs: 3_600_000 });
    const instanceId = await scene.running();
    scene.controlPlane.ask(instanceId, { power: 'off', forceAt: secondsLater(15) });
    await scene.time.tick(13_000);
    expect(scene.host.world.guests.get(instanceId)?.power).toBe('on');
    await scene.until(() => scene.newest(instanceId)?.power === 'off', 3_000);
    expect(scene.newest(instanceId)?.applied).toBe(2);
  });

  it('is asked for again when it was wished back meanwhile', async () => {
    const scene = await Scene.open({ shutdownMs: 4_000 });
    const instanceId = await scene.running();
    for (const power of ['off', 'on', 'off'] as const) {
      scene.controlPlane.ask(instanceId, { power });
      await scene.time.tick(1_000);
    }
    await scene.until(() => scene.newest(instanceId)?.applied === 4);
    const calls = scene.controlPlane.sightsOf(instanceId).flatMap((sight) => sight.calls.map(({ verb }) => verb));
    expect(calls.filter((verb) => verb === 'requestShutdown')).toHaveLength(2);
  });

  it('that changes behind our back is reported with its reason, and not acted on', async () => {
    const scene = await Scene.open();
    const instanceId = await scene.running();
    scene.host.crash(instanceId);
    await scene.until(() => scene.newest(instanceId)?.power === 'off', 1_000);
    expect(scene.newest(instanceId)).toMatchObject({ reason: 'crashed', applied: 1, problem: null });
    await scene.time.tick(120_000);
    expect(scene.boots(instanceId)).toBe(1);
  });

  it('is back when the control plane wishes it back', async () => {
    const scene = await Scene.open();
    const instanceId = await scene.running();
    scene.host.destroyOutside(instanceId);
    await scene.until(() => scene.newest(instanceId)?.power === 'off');
    scene.controlPlane.ask(instanceId, { power: 'on' });
    await scene.until(() => scene.newest(instanceId)?.power === 'on');
    expect(scene.newest(instanceId)).toMatchObject({ applied: 2, reason: null });
  });
});

describe('a reboot', () => {
  it('happens once', async () => {
    const scene = await Scene.open();
    const instanceId = await scene.running();
    scene.controlPlane.ask(instanceId, { restart: true });
    await scene.until(() => scene.newest(instanceId)?.applied === 2);
    await scene.replaceAgent();
    await scene.time.tick(60_000);
    expect(scene.boots(instanceId)).toBe(2);
  });

  it('happens once when it cannot be marked at first', async () => {
    const scene = await Scene.open();
    const instanceId = await scene.running();
    scene.host.faults.on('domains.mark', { kind: 'fail', outcome: 'retryable' }, { times: 4 });
    scene.controlPlane.ask(instanceId, { restart: true });
    await scene.until(() => scene.newest(instanceId)?.applied === 2);
    expect(scene.boots(instanceId)).toBe(2);
  });

  it('happens at most twice when the agent dies between the reset and the mark', async () => {
    const scene = await Scene.open();
    const instanceId = await scene.running();
    scene.host.faults.on('domains.mark', { kind: 'fail', outcome: 'retryable' });
    scene.controlPlane.ask(instanceId, { restart: true });
    await scene.until(() => scene.host.faults.pending === 0 && scene.boots(instanceId) === 2);
    await scene.replaceAgent();
    await scene.until(() => scene.newest(instanceId)?.applied === 2);
    await scene.time.tick(60_000);
    expect(scene.boots(instanceId)).toBe(3);
  });
});
