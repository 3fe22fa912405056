import { Disks } from '../hypervisor.js';
import { refused } from '../refusal.js';
import type { SimulatedHost } from './simulated-host.js';
import type { Call } from './simulated-hypervisor.js';
import type { Disk } from './world.js';

export class SimulatedDisks extends Disks {
  constructor(
    private readonly host: SimulatedHost,
    private readonly call: Call,
  ) {
    super();
  }

  ensureRoot(disk: Disk): Promise<void> {
    return this.call('disks.ensureRoot', disk.instanceId, () => {
      const { disks, images } = this.host.world;
      if (disks.has(disk.instanceId)) return;
      const image = images.get(disk.image.digest);
      if (!image) throw refused(`this host has no image ${disk.image.digest}`);
      if (disk.sizeGiB < image.virtualGiB) throw refused(`the image needs a disk of at least ${image.virtualGiB} GiB`);
      disks.set(disk.instanceId, disk);
    });
  }

  removeRoot(instanceId: string): Promise<void> {
    return this.call('disks.removeRoot', instanceId, () => {
      const power = this.host.world.guests.get(instanceId)?.power ?? 'off';
      if (power !== 'off') throw refused(`instance ${instanceId} runs on its root disk`);
      this.host.world.disks.delete(instanceId);
    });
  }

  list(): Promise<readonly string[]> {
    return this.call('disks.list', undefined, () => this.host.world.disks.keys());
  }
}
