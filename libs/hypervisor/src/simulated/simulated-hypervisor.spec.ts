import { HypervisorError } from '../hypervisor.js';
import type { DomainSpec, HostFacts } from '../hypervisor.js';
import type { Bench } from '../testing/hypervisor.contract.js';
import { isAHypervisor } from '../testing/hypervisor.contract.js';
import { VirtualTime } from './clock.js';
import { SimulatedHost } from './simulated-host.js';
import type { SimulatedHostOptions } from './simulated-host.js';
import { SimulatedHypervisor } from './simulated-hypervisor.js';

const bench = async (): Promise<Bench> => {
  const time = new VirtualTime();
  const host = new SimulatedHost({ clock: time, bootMs: 3000, shutdownMs: 500 });
  let hypervisor = new SimulatedHypervisor(host);
  return {
    hypervisor,
    async reopen() {
      await hypervisor.close();
      hypervisor = new SimulatedHypervisor(host);
      return hypervisor;
    },
    async eventually(what, condition) {
      for (let waited = 0; waited < 60_000; waited += 100) {
        if (await condition()) return;
        await time.tick(100);
      }
      throw new Error(`never: ${what}`);
    },
    image: await hypervisor.images.build('tiny', () => undefined),
    close: () => hypervisor.close(),
  };
};

isAHypervisor('the simulation', bench);

describe('a simulated host', () => {
  const network = { networkId: 'net_1', name: 'default', type: 'nat', cidr: '10.1.0.0/24' } as const;

  const specOf = (instanceId: string, digest: string, ip: string): DomainSpec => ({
    instanceId,
    tenantId: 'ten_1',
    name: instanceId,
    vcpus: 1,
    memoryMiB: 128,
    image: { digest },
    diskGiB: 1,
    lease: { networkId: network.networkId, mac: '52:54:00:00:00:01', ip, name: instanceId },
    firstBoot: { hostname: instanceId, sshKeys: [] },
  });

  const aHost = async (options: SimulatedHostOptions = {}) => {
    const time = new VirtualTime();
    const host = new SimulatedHost({ clock: time, ...options });
    const driver = new SimulatedHypervisor(host);
    const { digest } = await driver.images.build('tiny', () => undefined);
    await driver.networks.ensure(network);
    const spec = specOf('inst_1', digest, '10.1.0.10');
    await driver.disks.ensureRoot({ instanceId: 'inst_1', image: spec.image, sizeGiB: 1 });
    await driver.domains.define(spec, 0);
    return { time, host, driver, spec };
  };

  const outcome = (call: Promise<unknown>): Promise<unknown> =>
    call.then(
      () => 'done',
      (error: unknown) => (error instanceof HypervisorError ? error.outcome : error),
    );

  it('fails as often as it was told to, without doing anything', async () => {
    const { host, driver } = await aHost();
    host.faults.on('domains.start', { kind: 'fail', outcome: 'retryable' }, { times: 2 });
    expect(await outcome(driver.domains.start('inst_1'))).toBe('retryable');
    expect(await outcome(driver.domains.start('inst_1'))).toBe('retryable');
    expect((await driver.domains.observe())[0]?.power).toBe('off');
    expect(host.faults.pending).toBe(0);
    expect(await outcome(driver.domains.start('inst_1'))).toBe('done');
  });

  it('strikes the instance that was named and no other', async () => {
    const { host, driver, spec } = await aHost();
    host.faults.on('domains.start', { kind: 'fail', outcome: 'refused' }, { instanceId: 'inst_2' });
    expect(await outcome(driver.domains.start('inst_1'))).toBe('done');
    await driver.disks.ensureRoot({ instanceId: 'inst_2', image: spec.image, sizeGiB: 1 });
    await driver.domains.define({ ...spec, instanceId: 'inst_2' }, 0);
    expect(await outcome(driver.domains.start('inst_2'))).toBe('refused');
  });

  it('does it and says that it failed', async () => {
    const { host, driver } = await aHost();
    host.faults.on('domains.start', { kind: 'done-but-said-failed' });
    expect(await outcome(driver.domains.start('inst_1'))).toBe('unknown');
    expect((await driver.domains.observe())[0]?.power).toBe('on');
  });

  it('hangs until the deadline of the driver', async () => {
    const { time, host, driver } = await aHost({ deadlineMs: 5000 });
    host.faults.on('domains.start', { kind: 'hang' });
    let ended: unknown = 'not yet';
    void outcome(driver.domains.start('inst_1')).then((how) => {
      ended = how;
    });
    await time.tick(4999);
    expect(ended).toBe('not yet');
    await time.tick(1);
    expect(ended).toBe('unknown');
    expect((await driver.domains.observe())[0]?.power).toBe('off');
  });

  it('loses a guest altogether', async () => {
    const { host, driver } = await aHost();
    host.faults.on('domains.start', { kind: 'vanished' });
    expect(await outcome(driver.domains.start('inst_1'))).toBe('refused');
    expect(await driver.domains.observe()).toEqual([]);
    expect(await driver.disks.list()).toEqual(['inst_1']);
  });

  it('shows what others did behind our back, and hints at it', async () => {
    const { host, driver, spec } = await aHost();
    const hints: (string | undefined)[] = [];
    driver.domains.watch((hint) => hints.push(hint));
    await driver.domains.start('inst_1');

    host.crash('inst_1');
    expect(await driver.domains.observe()).toMatchObject([{ power: 'off', reason: 'crashed' }]);
    await driver.domains.start('inst_1');
    host.destroyOutside('inst_1');
    expect(await driver.domains.observe()).toMatchObject([{ power: 'off', reason: 'destroyed' }]);
    await driver.domains.start('inst_1');
    host.undefineOutside('inst_1');
    expect(await driver.domains.observe()).toMatchObject([{ power: 'on', definition: 'transient' }]);
    await driver.domains.define(spec, 0);
    expect(await driver.domains.observe()).toMatchObject([{ power: 'on', definition: 'persistent' }]);
    host.undefineOutside('inst_1');
    await driver.domains.stop('inst_1');
    expect(await driver.domains.observe()).toEqual([]);
    await Promise.resolve();
    expect(hints.length).toBeGreaterThanOrEqual(6);
  });

  it('does not start from a disk that was lost', async () => {
    const { host, driver } = await aHost();
    host.loseDisk('inst_1');
    expect(await driver.disks.list()).toEqual([]);
    expect(await outcome(driver.domains.start('inst_1'))).toBe('refused');
  });

  it('says nothing while it cannot be reached, and says that everything may have changed when it is back', async () => {
    const { host, driver } = await aHost();
    const hints: (string | undefined)[] = [];
    driver.domains.watch((hint) => hints.push(hint));
    await driver.domains.start('inst_1');
    host.unreachable(true);
    expect(await outcome(driver.facts())).toBe('retryable');
    expect(await outcome(driver.domains.observe())).toBe('retryable');
    hints.length = 0;
    host.crash('inst_1');
    host.unreachable(false);
    await Promise.resolve();
    expect(hints).toEqual([undefined]);
    expect((await driver.domains.observe())[0]?.reason).toBe('crashed');
  });

  it('takes its time for verbs, boots, shutdowns and builds', async () => {
    const { time, driver } = await aHost({ latency: { 'domains.start': 400 }, bootMs: 3000, shutdownMs: 500 });
    const look = async () => (await driver.domains.observe())[0];
    const started = driver.domains.start('inst_1');
    await time.tick(399);
    expect((await look())?.power).toBe('off');
    await time.tick(1);
    await started;
    const asked = driver.guests.exec('inst_1', ['hostname'], 10_000);
    await time.tick(2999);
    expect(await look()).toMatchObject({ power: 'on', guestAgent: false });
    await time.tick(1);
    expect(await look()).toMatchObject({ power: 'on', guestAgent: true });
    expect((await asked).stdout).toBe('inst_1\n');
    await driver.domains.requestShutdown('inst_1');
    await time.tick(499);
    expect((await look())?.power).toBe('on');
    await time.tick(1);
    expect((await look())?.power).toBe('off');
  });

  it('gives up waiting for an agent that does not come', async () => {
    const { time, driver } = await aHost({ bootMs: 60_000 });
    await driver.domains.start('inst_1');
    const asked = outcome(driver.guests.exec('inst_1', ['true'], 5000));
    await time.tick(5000);
    expect(await asked).toBe('retryable');
  });

  it('says of itself that it is simulated', async () => {
    const facts: Partial<HostFacts> = { vcpus: 4 };
    const { driver } = await aHost({ facts });
    expect(await driver.facts()).toMatchObject({ driver: 'simulated', accelerator: 'none', vcpus: 4 });
    await driver.domains.start('inst_1');
    const { exitCode, stderr } = await driver.guests.exec('inst_1', ['psql'], 1000);
    expect({ exitCode, stderr }).toEqual({ exitCode: 127, stderr: expect.stringContaining('simulated') });
    expect(await driver.guests.log('inst_1', 10_000)).toContain('simulated');
  });
});
