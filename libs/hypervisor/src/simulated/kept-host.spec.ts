import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VirtualTime } from './clock.js';
import { keptHost } from './kept-host.js';
import { SimulatedHypervisor } from './simulated-hypervisor.js';

describe('a simulated host that is kept in a file', () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'strata-kept-'));
    file = join(folder, 'home/host.ndjson');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const network = { networkId: 'net_1', name: 'default', type: 'nat', cidr: '10.1.0.0/24' } as const;

  const populate = async (driver: SimulatedHypervisor): Promise<void> => {
    const image = await driver.images.build('tiny', () => undefined);
    const lease = { networkId: 'net_1', mac: '52:54:00:00:00:01', ip: '10.1.0.10', name: 'web' };
    await driver.networks.ensure(network);
    await driver.networks.reserve(lease);
    for (const instanceId of ['inst_1', 'inst_2']) {
      await driver.disks.ensureRoot({ instanceId, image, sizeGiB: 1 });
      const firstBoot = { hostname: 'web', sshKeys: [] };
      const size = { vcpus: 1, memoryMiB: 128, diskGiB: 1 };
      await driver.domains.define({ instanceId, tenantId: 'ten_1', name: 'web', image, lease, firstBoot, ...size }, 3);
    }
    await driver.domains.start('inst_1');
    await driver.domains.remove('inst_2');
    await driver.disks.removeRoot('inst_2');
  };

  const everything = async (driver: SimulatedHypervisor) => ({
    guests: await driver.domains.observe(),
    disks: await driver.disks.list(),
    networks: await driver.networks.list(),
    leases: await driver.networks.leases('net_1'),
    images: await driver.images.list(),
  });

  it('is the same for a process that comes after one that was killed', async () => {
    const first = new SimulatedHypervisor(keptHost(file, { clock: new VirtualTime() }));
    await populate(first);
    const before = await everything(first);
    const second = new SimulatedHypervisor(keptHost(file, { clock: new VirtualTime() }));
    expect(await everything(second)).toEqual(before);
    expect(before.guests).toMatchObject([{ instanceId: 'inst_1', power: 'on', applied: 3 }]);
  });

  it('does nothing that it cannot write down, and does it when it can', async () => {
    const time = new VirtualTime();
    const first = new SimulatedHypervisor(keptHost(file, { clock: time, bootMs: 1_000 }));
    await populate(first);
    const before = await everything(first);
    renameSync(file, `${file}.away`);
    mkdirSync(file);
    await expect(first.domains.remove('inst_1')).rejects.toThrow('cannot be written down: EISDIR');
    await time.tick(1_000);
    expect(await everything(first)).toEqual(before);
    rmdirSync(file);
    renameSync(`${file}.away`, file);
    await time.tick(1_000);
    expect(await first.domains.observe()).toMatchObject([{ instanceId: 'inst_1', guestAgent: true }]);
    const second = new SimulatedHypervisor(keptHost(file, { clock: time }));
    expect(await everything(second)).toEqual(await everything(first));
  });

  it('survives a death in the middle of a line, and keeps only what still is', async () => {
    const first = new SimulatedHypervisor(keptHost(file, { clock: new VirtualTime() }));
    await populate(first);
    appendFileSync(file, '{"table":"guests","key":"inst_1"');
    const second = new SimulatedHypervisor(keptHost(file, { clock: new VirtualTime() }));
    expect(await everything(second)).toEqual(await everything(first));
    expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(5);
  });
});
