import { Scene } from './agent.fixtures.js';

describe('an agent', () => {
  it('announces its host with a range that is free, and answers for its guests', async () => {
    const scene = await Scene.open({ facts: { vcpus: 8 } });
    expect(scene.controlPlane.hosts).toMatchObject([{ hostId: 'host_1', name: 'one', driver: 'simulated', vcpus: 8 }]);
    expect(scene.controlPlane.hosts[0]?.freeRange).toMatch(/\/24$/);
    const instanceId = await scene.running();
    const answer = scene.controlPlane.services?.exec(instanceId, ['hostname'], 5_000);
    await scene.time.tick(100);
    expect((await answer)?.stdout).toMatch('guest-1');
  });

  it('makes a guest run, and tells of the disk before the guest runs', async () => {
    const scene = await Scene.open({ latency: { 'domains.start': 2_000 } });
    scene.controlPlane.wish(scene.guest());
    await scene.until(() => scene.newest('inst_1')?.disk === 'present');
    expect(scene.newest('inst_1')).toMatchObject({ power: 'absent', applied: 0, problem: null });
    await scene.until(() => scene.newest('inst_1')?.power === 'on');
    expect(scene.newest('inst_1')).toMatchObject({ disk: 'present', applied: 1, reason: null, problem: null });
    const verbs = scene.controlPlane.sightsOf('inst_1').flatMap(({ calls }) => calls);
    expect(verbs.map(({ verb }) => verb)).toEqual(['ensureRoot', 'reserve', 'define', 'start', 'mark']);
    expect(verbs.find(({ verb }) => verb === 'start')).toEqual({ verb: 'start', ms: 2_000, outcome: 'ok' });
  });

  it('counts generations from its epoch, each greater than the one before', async () => {
    const scene = await Scene.open();
    await scene.running();
    await scene.replaceAgent();
    await scene.until(() => (scene.newest('inst_1')?.generation ?? 0) > 2_000_000_000);
    const generations = scene.controlPlane.sightsOf('inst_1').map(({ generation }) => generation);
    expect(generations[0]).toBeGreaterThan(1_000_000_000);
    expect(generations).toEqual(generations.toSorted((one, other) => one - other));
    expect(new Set(generations).size).toBe(generations.length);
  });

  it('asks for those wishes only that it was nudged about', async () => {
    const scene = await Scene.open();
    await scene.running(1);
    scene.controlPlane.asked.length = 0;
    scene.controlPlane.wish(scene.guest(2));
    await scene.until(() => scene.newest('inst_2')?.power === 'on');
    expect(scene.controlPlane.asked.length).toBeGreaterThan(0);
    for (const asked of scene.controlPlane.asked) expect(asked).toEqual(['inst_2']);
  });

  it('says nothing when nothing changed, and everything on a round', async () => {
    const scene = await Scene.open();
    await scene.running();
    await scene.time.tick(1_000);
    scene.controlPlane.reports.length = 0;
    scene.controlPlane.nudge(['inst_1']);
    await scene.time.tick(1_000);
    expect(scene.controlPlane.reports).toEqual([]);
    await scene.time.tick(30_000);
    expect(scene.controlPlane.sightsOf('inst_1')).toMatchObject([{ power: 'on' }]);
  });

  it('keeps what could not be reported, and tells the newest of it later', async () => {
    const scene = await Scene.open();
    scene.controlPlane.deaf = 3;
    scene.controlPlane.wish(scene.guest());
    await scene.until(() => scene.newest('inst_1')?.power === 'on');
    const calls = scene.controlPlane.sightsOf('inst_1').flatMap((sight) => sight.calls.map(({ verb }) => verb));
    expect(calls).toEqual(['ensureRoot', 'reserve', 'define', 'start', 'mark']);
    expect(scene.warnings).toContain('the control plane did not take a report; it will be sent again');
  });
});

describe('a control plane that does not answer', () => {
  it('is asked again for what it did not say', async () => {
    const scene = await Scene.open();
    await scene.time.tick(100);
    for (const nudge of [undefined, ['inst_2']]) {
      const wish = scene.guest(nudge ? 2 : 1);
      scene.controlPlane.instances.set(wish.instanceId, wish);
      scene.controlPlane.mute = 2;
      scene.controlPlane.nudge(nudge);
      await scene.until(() => scene.newest(wish.instanceId)?.power === 'on', 4_000);
    }
  });
});

describe('an agent that starts on a host with guests', () => {
  it('adopts what runs: nothing is started again or made anew', async () => {
    const scene = await Scene.open();
    for (const number of [1, 2, 3]) await scene.running(number);
    await scene.replaceAgent();
    scene.controlPlane.reports.length = 0;
    await scene.until(() => scene.controlPlane.sightsOf('inst_3').length > 0);
    await scene.time.tick(60_000);
    for (const number of [1, 2, 3]) {
      expect(scene.boots(`inst_${number}`)).toBe(1);
      const sights = scene.controlPlane.sightsOf(`inst_${number}`);
      expect(sights.flatMap(({ calls }) => calls)).toEqual([]);
      expect(sights.at(-1)).toMatchObject({ power: 'on', applied: 1, reason: null });
    }
  });

  it('goes on with what its predecessor left half-done', async () => {
    const scene = await Scene.open({ latency: { 'domains.define': 4_000 } });
    scene.controlPlane.wish(scene.guest());
    await scene.until(() => scene.host.world.disks.has('inst_1'));
    const replaced = scene.replaceAgent();
    await scene.time.tick(5_000);
    await replaced;
    await scene.until(() => scene.newest('inst_1')?.power === 'on');
    expect(scene.boots('inst_1')).toBe(1);
  });

  it('leaves alone a guest that nobody wishes, and says so once', async () => {
    const scene = await Scene.open();
    await scene.running();
    scene.controlPlane.instances.clear();
    await scene.replaceAgent();
    scene.controlPlane.reports.length = 0;
    await scene.time.tick(100_000);
    expect(scene.host.world.guests.get('inst_1')?.power).toBe('on');
    expect(scene.controlPlane.sightsOf('inst_1')).toEqual([]);
    expect(scene.warnings).toEqual(['host host_1 has a guest inst_1 that nobody wishes; it is left alone']);
  });
});

describe('what somebody does behind our back', () => {
  it('a removed definition is restored while the guest runs on', async () => {
    const scene = await Scene.open();
    const instanceId = await scene.running();
    scene.host.undefineOutside(instanceId);
    await scene.until(() => scene.newest(instanceId)?.reason != null, 1_000);
    expect(scene.newest(instanceId)).toMatchObject({ power: 'on', applied: 1 });
    expect(scene.newest(instanceId)?.reason).toMatch('restored');
    expect(scene.host.world.guests.get(instanceId)).toMatchObject({ defined: true, power: 'on' });
    expect(scene.boots(instanceId)).toBe(1);
  });

  it('a lost disk is final: it is not made anew, whatever is wished', async () => {
    const scene = await Scene.open();
    const instanceId = await scene.running();
    scene.host.destroyOutside(instanceId);
    scene.host.loseDisk(instanceId);
    scene.controlPlane.ask(instanceId, { power: 'on' });
    await scene.until(() => scene.newest(instanceId)?.problem != null);
    expect(scene.newest(instanceId)).toMatchObject({ disk: 'absent', problem: { final: true } });
    await scene.replaceAgent();
    await scene.time.tick(60_000);
    expect(scene.host.world.disks.has(instanceId)).toBe(false);
    expect(scene.boots(instanceId)).toBe(1);
  });

  it('a lost disk does not keep its instance from going', async () => {
    const scene = await Scene.open();
    const instanceId = await scene.running();
    scene.host.loseDisk(instanceId);
    scene.controlPlane.ask(instanceId, { presence: 'absent' });
    await scene.until(() => scene.newest(instanceId)?.power === 'absent');
    expect(scene.host.world.leases.size).toBe(0);
  });
});

describe('a guest that shall be gone', () => {
  it('leaves nothing behind', async () => {
    const scene = await Scene.open();
    const instanceId = await scene.running();
    scene.controlPlane.ask(instanceId, { presence: 'absent' });
    await scene.until(() => scene.newest(instanceId)?.disk === 'absent');
    expect(scene.newest(instanceId)).toMatchObject({ power: 'absent', problem: null });
    const { guests, disks, leases } = scene.host.world;
    expect([guests.size, disks.size, leases.size]).toEqual([0, 0, 0]);
  });

  it('is not made any further', async () => {
    const scene = await Scene.open({ latency: { 'disks.ensureRoot': 5_000 } });
    scene.controlPlane.wish(scene.guest());
    await scene.time.tick(1_000);
    scene.controlPlane.ask('inst_1', { presence: 'absent' });
    await scene.until(() => scene.newest('inst_1')?.disk === 'absent');
    const calls = scene.controlPlane.sightsOf('inst_1').flatMap((sight) => sight.calls.map(({ verb }) => verb));
    expect(calls).toEqual(['ensureRoot', 'removeRoot']);
  });

  it('keeps nobody waiting while it goes', async () => {
    const scene = await Scene.open({ latency: { 'domains.stop': 60_000 } }, { concurrent: 2 });
    for (const number of [1, 2, 3]) await scene.running(number);
    for (const number of [1, 2, 3]) scene.controlPlane.ask(`inst_${number}`, { presence: 'absent' });
    await scene.time.tick(1_000);
    scene.controlPlane.wish(scene.guest(4));
    await scene.until(() => scene.newest('inst_4')?.power === 'on', 2_000);
    expect(scene.newest('inst_1')?.power).toBe('on');
  });
});

describe('a hypervisor that does not do what it says', () => {
  it('is tried less and less often, and the problem is told', async () => {
    const scene = await Scene.open();
    scene.host.world.leases.set = () => undefined;
    scene.controlPlane.wish(scene.guest());
    await scene.until(() => scene.newest('inst_1')?.problem != null);
    expect(scene.newest('inst_1')?.problem).toMatchObject({ final: false });
    expect(scene.newest('inst_1')?.problem?.message).toMatch('nothing came of it');
    await scene.time.tick(300_000);
    expect(scene.boots('inst_1')).toBe(1);
  });

  it('is not pressed when what comes after is refused', async () => {
    const scene = await Scene.open();
    scene.host.world.leases.set = () => undefined;
    scene.host.faults.on('domains.define', { kind: 'fail', outcome: 'refused' }, { times: 1_000 });
    scene.controlPlane.wish(scene.guest());
    await scene.until(() => scene.newest('inst_1')?.problem?.final === true);
    await scene.time.tick(300_000);
    expect(scene.host.faults.pending).toBeGreaterThan(990);
  });
});

describe('a hypervisor that does not answer', () => {
  it('makes its guests unknown, changes nothing, and is known again when it is back', async () => {
    const scene = await Scene.open();
    const instanceId = await scene.running();
    scene.host.unreachable(true);
    await scene.until(() => scene.newest(instanceId)?.power === 'unknown', 31_000);
    expect(scene.newest(instanceId)).toMatchObject({ disk: 'unknown', applied: 1, problem: null });
    expect(scene.newest(instanceId)?.reason).toMatch('does not answer');
    await scene.time.tick(300_000);
    scene.host.unreachable(false);
    await scene.until(() => scene.newest(instanceId)?.power === 'on', 1_000);
    expect(scene.boots(instanceId)).toBe(1);
    expect(scene.warnings.filter((warning) => warning.includes('does not answer'))).toHaveLength(1);
  });

  it('is found again without a hint, and new wishes are then met', async () => {
    const scene = await Scene.open();
    scene.host.faults.on('domains.observe', { kind: 'fail', outcome: 'retryable' }, { times: 6 });
    scene.controlPlane.wish(scene.guest());
    await scene.until(() => scene.newest('inst_1')?.power === 'unknown');
    await scene.until(() => scene.newest('inst_1')?.power === 'on');
    expect(scene.boots('inst_1')).toBe(1);
  });

  it('is known again as a whole as soon as one look is answered', async () => {
    const scene = await Scene.open();
    for (const number of [1, 2]) await scene.running(number);
    scene.host.faults.on('domains.observe', { kind: 'fail', outcome: 'retryable' }, { times: 5 });
    scene.controlPlane.nudge(undefined);
    await scene.until(() => scene.host.faults.pending === 0);
    expect(scene.newest('inst_2')?.power).toBe('unknown');
    scene.host.faults.on('networks.ensure', { kind: 'fail', outcome: 'retryable' });
    scene.controlPlane.nudge(['inst_1']);
    await scene.until(() => scene.newest('inst_2')?.power === 'on', 1_000);
    // The machine may have been started anew, so its networks are laid again too.
    expect(scene.host.faults.pending).toBe(0);
  });

  it('at the start delays the announcement only', async () => {
    const scene = await Scene.open();
    scene.host.unreachable(true);
    await scene.replaceAgent();
    expect(scene.controlPlane.hosts).toHaveLength(1);
    scene.host.unreachable(false);
    await scene.until(() => scene.controlPlane.hosts.length === 2, 2_000);
    await scene.running();
  });
});

describe('an agent that is stopped', () => {
  it('does nothing any more', async () => {
    const scene = await Scene.open();
    await scene.running();
    await scene.agent.stop();
    const { length } = scene.controlPlane.reports;
    scene.controlPlane.ask('inst_1', { power: 'off' });
    await scene.time.tick(100_000);
    expect(scene.host.world.guests.get('inst_1')?.power).toBe('on');
    expect(scene.controlPlane.reports).toHaveLength(length);
  });
});

describe('many guests', () => {
  it('boot a few at a time where the host says so', async () => {
    const scene = await Scene.open({ bootMs: 3_000 }, { boots: 2, bootMs: 10_000 });
    const running = () => scene.host.world.guests.rows().filter(({ power }) => power === 'on').length;
    scene.controlPlane.wish(...[1, 2, 3, 4, 5].map((number) => scene.guest(number)));
    await scene.time.tick(2_000);
    expect(running()).toBe(2);
    expect(scene.newest('inst_1')).toMatchObject({ power: 'on', applied: 1, guestAgent: false });
    await scene.time.tick(3_000);
    expect(running()).toBe(4);
    await scene.until(() => running() === 5, 3_000);
  });

  it('do not boot any more when they are wished away before it is their turn', async () => {
    const scene = await Scene.open({}, { boots: 1, bootMs: 10_000 });
    scene.host.faults.on('domains.start', { kind: 'hang' }, { instanceId: 'inst_1' });
    scene.controlPlane.wish(scene.guest(1), scene.guest(2));
    await scene.time.tick(1_000);
    scene.controlPlane.ask('inst_2', { power: 'off' });
    await scene.until(() => scene.newest('inst_1')?.power === 'on' && scene.newest('inst_2')?.applied === 2);
    expect(scene.boots('inst_2')).toBe(0);
  });

  it('boot in turn also when some of them never get to their end', async () => {
    const scene = await Scene.open({ bootMs: 3_600_000 }, { boots: 1, bootMs: 10_000 });
    scene.controlPlane.wish(...[1, 2, 3].map((number) => scene.guest(number)));
    await scene.until(() => scene.newest('inst_3')?.power === 'on', 22_000);
  });

  it('are tended to in a time that grows with their number', async () => {
    const scene = await Scene.open();
    const begun = performance.now();
    for (let number = 1; number <= 1_000; number += 1) {
      const wish = scene.guest(number);
      scene.controlPlane.instances.set(wish.instanceId, wish);
    }
    scene.controlPlane.nudge(undefined);
    const applied = () => [...scene.controlPlane.newest.values()].filter((sight) => sight.applied === 1).length;
    await scene.until(() => applied() === 1_000);
    const ms = Math.round(performance.now() - begun);
    console.info(`1,000 guests on one host: ${ms} ms, ${scene.controlPlane.asked.length} times asked for wishes`);
    expect(scene.controlPlane.asked.length).toBeLessThan(200);
    expect(scene.host.world.guests.size).toBe(1_000);
  });
});
