import type { Image, ImageCache, Recipe } from '@strata/guest-images';
import { recipes } from '@strata/guest-images';
import { HypervisorError, Images } from '../hypervisor.js';
import type { BuildProgress, ImageRef } from '../hypervisor.js';
import { refused } from '../refusal.js';
import { backingFileOf, instancesWithRoot } from './disks.js';
import { makePassage, unlessMissing } from './files.js';
import type { Home } from './home.js';

export class LibvirtImages extends Images {
  constructor(
    private readonly home: Home,
    private readonly cache: ImageCache,
  ) {
    super();
  }

  async build(recipe: string, progress: BuildProgress): Promise<ImageRef & { sizeMiB: number; virtualGiB: number }> {
    if (!isRecipe(recipe)) throw refused(`there is no recipe ${recipe}: known are ${Object.keys(recipes).join(', ')}`);
    const { digest, folder, sizeMiB, virtualGiB } = await built(this.cache.build(recipe, progress));
    await makePassage(folder);
    return { digest, sizeMiB, virtualGiB };
  }

  async has({ digest }: ImageRef): Promise<boolean> {
    return (await this.cache.find(digest)) !== undefined;
  }

  async remove({ digest }: ImageRef): Promise<void> {
    const image = await this.cache.find(digest);
    if (!image) return;
    for (const instanceId of await instancesWithRoot(this.home)) {
      const base = await unlessMissing(backingFileOf(this.home.filesOf(instanceId).root));
      if (base === image.disk) throw refused(`the root disk of instance ${instanceId} grows from image ${digest}`);
    }
    await this.cache.remove(digest);
  }

  async list(): Promise<readonly string[]> {
    return (await this.cache.list()).map(({ digest }) => digest);
  }
}

const isRecipe = (name: string): name is Recipe => Object.hasOwn(recipes, name);

/** What a build says against itself is a sentence for people; trying again may help, once they did what it says. */
const built = async (work: Promise<Image>): Promise<Image> => {
  try {
    return await work;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new HypervisorError('refused', message, { cause: error });
  }
};
