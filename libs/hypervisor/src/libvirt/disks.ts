import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createOverlay } from '@strata/guest-images';
import type { ImageCache } from '@strata/guest-images';
import { Disks } from '../hypervisor.js';
import type { ImageRef } from '../hypervisor.js';
import { refused } from '../refusal.js';
import type { Daemon } from './daemon.js';
import { answered } from './daemon.js';
import { exists, makePassage, unlessMissing } from './files.js';
import { guestStateOf } from './guest-state.js';
import type { Home } from './home.js';

/** Root disks are qcow2 overlays on an image: `<home>/instances/<instance>/root.qcow2`. */
export class LibvirtDisks extends Disks {
  constructor(
    private readonly daemon: Daemon,
    private readonly images: ImageCache,
  ) {
    super();
  }

  async ensureRoot(disk: Readonly<{ instanceId: string; image: ImageRef; sizeGiB: number }>): Promise<void> {
    const { folder, root } = this.daemon.home.filesOf(disk.instanceId);
    if (await exists(root)) return;
    const image = await this.images.find(disk.image.digest);
    if (!image) throw refused(`this host has no image ${disk.image.digest}`);
    if (disk.sizeGiB < image.virtualGiB) throw refused(`the image needs a disk of at least ${image.virtualGiB} GiB`);
    await makePassage(folder);
    try {
      await createOverlay(image, root, disk.sizeGiB);
    } catch (error) {
      // Somebody else made it first, which is as good: what exists is never made anew.
      if (!(await exists(root))) throw error;
    }
  }

  async removeRoot(instanceId: string): Promise<void> {
    const { home } = this.daemon;
    const { folder, root } = home.filesOf(instanceId);
    const isDefined = await answered(async () => {
      const domain = await this.daemon.findDomain(instanceId);
      const state = domain && (await guestStateOf(this.daemon.libvirt, domain));
      if (state && state.power !== 'off') throw refused(`instance ${instanceId} runs on its root disk`);
      return domain !== undefined;
    });
    if (isDefined) return rm(root, { force: true });
    // Whoever removed the definition may have been killed before the rest.
    await this.daemon.removeTraces(instanceId);
    // In one move, so that whoever is killed meanwhile leaves all of it or nothing in its place.
    const removed = join(home.removed, instanceId);
    await rm(removed, { recursive: true, force: true });
    await mkdir(home.removed, { recursive: true });
    await unlessMissing(rename(folder, removed));
    await rm(removed, { recursive: true, force: true });
  }

  list(): Promise<readonly string[]> {
    return instancesWithRoot(this.daemon.home);
  }
}

export const hasRoot = (home: Home, instanceId: string): Promise<boolean> => exists(home.filesOf(instanceId).root);

export const instancesWithRoot = async (home: Home): Promise<readonly string[]> => {
  const names = (await unlessMissing(readdir(home.instances))) ?? [];
  const there = await Promise.all(names.map(async (name) => ((await hasRoot(home, name)) ? [name] : [])));
  return there.flat();
};

/** The file that a qcow2 disk grows from, as its header says (qcow2 specification: offset at byte 8, length at byte 16). */
export const backingFileOf = async (file: string): Promise<string> => {
  await using disk = await open(file, 'r');
  const { buffer: header } = await disk.read({ buffer: Buffer.alloc(20), position: 0 });
  const position = Number(header.readBigUInt64BE(8));
  const { buffer: name } = await disk.read({ buffer: Buffer.alloc(header.readUInt32BE(16)), position });
  return name.toString('utf8');
};
