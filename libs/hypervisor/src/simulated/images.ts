import { createHash } from 'node:crypto';
import { Images } from '../hypervisor.js';
import type { BuildProgress, ImageRef } from '../hypervisor.js';
import { refused } from '../refusal.js';
import type { SimulatedHost } from './simulated-host.js';
import type { Call } from './simulated-hypervisor.js';
import type { BuiltImage } from './world.js';

const recipes = new Map([
  ['tiny', { sizeMiB: 12, virtualGiB: 1 }],
  ['debian-12', { sizeMiB: 300, virtualGiB: 2 }],
]);
const steps = ['resolve packages', 'download packages', 'make file system', 'seal'];

export class SimulatedImages extends Images {
  constructor(
    private readonly host: SimulatedHost,
    private readonly call: Call,
  ) {
    super();
  }

  build(recipe: string, progress: BuildProgress): Promise<BuiltImage> {
    return this.call('images.build', undefined, async () => {
      const sizes = recipes.get(recipe);
      if (!sizes) throw refused(`there is no recipe ${recipe}: known are ${[...recipes.keys()].join(', ')}`);
      const digest = createHash('sha256').update(`simulated image ${recipe}`).digest('hex');
      const known = this.host.world.images.get(digest);
      if (known) return known;
      for (const [done, step] of steps.entries()) {
        progress(done, steps.length, step);
        await this.host.buildStep();
      }
      progress(steps.length, steps.length, 'done');
      const image = { digest, recipe, ...sizes };
      this.host.world.images.set(digest, image);
      return image;
    });
  }

  has({ digest }: ImageRef): Promise<boolean> {
    return this.call('images.has', undefined, () => this.host.world.images.has(digest));
  }

  remove({ digest }: ImageRef): Promise<void> {
    return this.call('images.remove', undefined, () => {
      const user = this.host.world.disks.find(({ image }) => image.digest === digest);
      if (user) throw refused(`the root disk of instance ${user.instanceId} grows from image ${digest}`);
      this.host.world.images.delete(digest);
    });
  }

  list(): Promise<readonly string[]> {
    return this.call('images.list', undefined, () => this.host.world.images.keys());
  }
}
