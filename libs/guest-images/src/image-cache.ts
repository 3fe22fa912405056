import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeDebianRoot } from './debian-root.js';
import { makeDisk } from './disk.js';
import { run } from './command.js';
import { type Image, type Manifest, readImage } from './image.js';
import { makeInitramfs, unpackKernel } from './kernel.js';
import { whileLocked } from './lock.js';
import { buildInNamespace, removeFromNamespace } from './namespace.js';
import { archiveOf, downloadPackages } from './packages.js';
import { type Plan, planOf } from './plan.js';
import { type Progress, Steps } from './progress.js';
import { cmdline, type Recipe } from './recipes.js';
import { SharedWork } from './shared-work.js';
import { makeTinyRoot } from './tiny-root.js';
import { missingTools } from './tools.js';

const isDigest = (name: string): boolean => /^[0-9a-f]{64}$/.test(name);

/** Images by digest in one folder, and the packages they are made of. Several processes may share the folder. */
export class ImageCache {
  private readonly root: string;
  private readonly builds = new Map<Recipe, SharedWork<Image>>();

  constructor(root: string) {
    this.root = resolve(root);
  }

  /**
   * The image that the recipe makes of today's packages: built if the cache does not hold it, at once if it does.
   * @throws a sentence that says what to do when the machine cannot build
   */
  async build(recipe: Recipe, progress: Progress, signal?: AbortSignal): Promise<Image> {
    let work = this.builds.get(recipe);
    if (!work || work.abandoned) {
      const begun = new SharedWork((tell, stop) => this.buildOnce(recipe, tell, stop));
      work = begun;
      this.builds.set(recipe, begun);
      void begun.settled.then(() => this.builds.get(recipe) === begun && this.builds.delete(recipe));
    }
    return work.join(progress, signal);
  }

  async find(digest: string): Promise<Image | undefined> {
    return isDigest(digest) ? readImage(join(this.root, digest)) : undefined;
  }

  /** All images, newest first. */
  async list(): Promise<Image[]> {
    const names = existsSync(this.root) ? await readdir(this.root) : [];
    const images = await Promise.all(names.map((name) => this.find(name)));
    return images.filter((image) => image !== undefined).sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  }

  /** Removes an image, or finds it gone. Overlays on top of it are lost: ask only when there are none. */
  async remove(digest: string): Promise<void> {
    const image = await this.find(digest);
    if (!image) return;
    // Without its manifest the folder is no image any more, even if we die before the rest is gone.
    await rm(join(image.folder, 'manifest.json'), { force: true });
    await rm(image.folder, { recursive: true, force: true });
  }

  /** Removes the folder with all it holds. Overlays on its images are lost: ask only when there are none. */
  async removeAll(): Promise<void> {
    try {
      await rm(this.root, { recursive: true, force: true });
    } catch (error) {
      // A build of ours that was killed may have left files of other users, whom we are only inside a namespace.
      if (!(error instanceof Error && 'code' in error && error.code === 'EACCES')) throw error;
      await removeFromNamespace(this.root);
    }
  }

  private async buildOnce(recipe: Recipe, progress: Progress, signal: AbortSignal): Promise<Image> {
    const steps = new Steps(progress, 1);
    steps.begin('ask apt for packages');
    const missing = await missingTools();
    if (missing.length > 0) throw new Error(`building images needs more tools: apt-get install ${missing.join(' ')}`);
    const plan = await planOf(recipe, signal);
    steps.end();

    const finished = await this.find(plan.digest);
    if (finished) {
      steps.finish('image is there');
      return finished;
    }

    await mkdir(this.root, { recursive: true });
    if (process.getuid?.() !== 0) {
      await buildInNamespace(this.root, recipe, progress, signal);
      return this.expect(plan.digest);
    }
    steps.begin('wait for other builds');
    return whileLocked(join(this.root, 'lock'), signal, () => this.buildAlone(plan, steps, signal));
  }

  private async buildAlone(plan: Plan, steps: Steps, signal: AbortSignal): Promise<Image> {
    const builtMeanwhile = await this.find(plan.digest);
    if (builtMeanwhile) {
      steps.finish('image is there');
      return builtMeanwhile;
    }
    await this.removeLeftovers();
    const workspace = await mkdtemp(join(this.root, 'building-'));
    try {
      await this.make(plan, workspace, steps, signal);
      await rename(join(workspace, 'image'), join(this.root, plan.digest));
      await flush(this.root);
    } finally {
      await rm(workspace, { recursive: true, force: true });
    }
    steps.finish('image is ready');
    return this.expect(plan.digest);
  }

  private async expect(digest: string): Promise<Image> {
    const image = await this.find(digest);
    if (!image) throw new Error(`image ${digest} vanished while it was being built`);
    return image;
  }

  /** Called with the lock held, so whatever is still being built is being built by nobody. */
  private async removeLeftovers(): Promise<void> {
    for (const name of await readdir(this.root)) {
      const folder = join(this.root, name);
      const isHalfRemoved = isDigest(name) && !(await readImage(folder));
      if (name.startsWith('building-') || isHalfRemoved) await rm(folder, { recursive: true, force: true });
    }
  }

  /** Makes `image/` in the workspace. */
  private async make(plan: Plan, workspace: string, steps: Steps, signal: AbortSignal): Promise<void> {
    const downloads = join(this.root, 'packages');
    const [unpacked, root, image] = [join(workspace, 'unpacked'), join(workspace, 'root'), join(workspace, 'image')];
    await Promise.all([mkdir(unpacked), mkdir(image)]);

    const archives = [...plan.packages, plan.kernel];
    steps.expect(archives.length + 4);
    let counted = 0;
    await downloadPackages(
      archives,
      downloads,
      (there) => {
        steps.end(there - counted);
        counted = there;
        steps.begin(`download packages ${there}/${archives.length}`);
      },
      signal,
    );

    const kernel = await steps.step('unpack the kernel', () =>
      unpackKernel(archiveOf(plan.kernel, downloads), join(workspace, 'kernel'), signal),
    );
    await steps.step('make the root file system', async () => {
      const wanted = plan.recipe === 'tiny' ? plan.packages : [plan.busybox];
      for (const it of wanted) await run('dpkg-deb', ['-x', archiveOf(it, downloads), unpacked], { signal });
      if (plan.recipe === 'tiny') return makeTinyRoot(unpacked, plan.files, root, signal);
      return makeDebianRoot({ ...plan, downloads, kernel }, root, workspace, signal);
    });
    await steps.step('make the disk', () =>
      makeDisk(root, join(image, 'disk.qcow2'), { sizeGiB: plan.virtualGiB, digest: plan.digest }, signal),
    );
    await steps.step('write the image', async () => {
      const initrd = await makeInitramfs(kernel, join(unpacked, 'bin/busybox'), plan.initramfs, signal);
      await writeFile(join(image, 'initrd'), initrd);
      await copyFile(kernel.image, join(image, 'vmlinuz'));
      const { blocks } = await stat(join(image, 'disk.qcow2'));
      const manifest: Manifest = {
        digest: plan.digest,
        recipe: plan.recipe,
        cmdline,
        virtualGiB: plan.virtualGiB,
        kernelVersion: kernel.version,
        sizeMiB: Math.ceil((blocks * 512) / 2 ** 20),
        createdAt: new Date().toISOString(),
        packages: archives.map(({ name, version, sha256 }) => ({ name, version, sha256 })),
      };
      await writeFile(join(image, 'manifest.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
      for (const name of await readdir(image)) {
        await chmod(join(image, name), 0o444);
        await flush(join(image, name));
      }
      await flush(image);
    });
  }
}

async function flush(path: string): Promise<void> {
  await using file = await open(path, 'r');
  await file.sync();
}
