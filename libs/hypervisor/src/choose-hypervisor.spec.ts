import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseHypervisor } from './choose-hypervisor.js';

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn('SKIPPED: what hinders the QEMU of the system hinders nobody who runs their own');
const asRoot = isRoot ? it : it.skip;

describe('choosing a hypervisor', () => {
  let home: string;
  // A temporary folder is closed to others, so that QEMU could not reach a disk in it.
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'strata-closed-'));
  });
  afterEach(() => rmSync(home, { recursive: true }));

  it('takes the simulation where it is asked for, and finds its world again', async () => {
    const { hypervisor, fellBack } = await chooseHypervisor({ wanted: 'simulated', home, simulated: {} });
    expect(fellBack).toBe(false);
    await hypervisor.networks.ensure({ networkId: 'net_1', name: 'a', type: 'nat', cidr: '10.1.0.0/24' });
    const again = await chooseHypervisor({ wanted: 'simulated', home, simulated: {} });
    expect(await again.hypervisor.networks.list()).toEqual(['net_1']);
  });

  asRoot('falls back to the simulation and says why', async () => {
    const { hypervisor, why, fellBack } = await chooseHypervisor({ wanted: 'auto', home });
    expect((await hypervisor.facts()).driver).toBe('simulated');
    expect(fellBack).toBe(true);
    expect(why).toMatch(/^guests are only simulated, because libvirt cannot be used: .*chmod o\+x/);
  });

  asRoot('does not fall back from what was asked for', async () => {
    await expect(chooseHypervisor({ wanted: 'libvirt', home })).rejects.toThrow('chmod o+x');
  });
});
