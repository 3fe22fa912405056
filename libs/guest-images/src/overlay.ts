import { link, rm } from 'node:fs/promises';
import { run } from './command.js';
import type { Image } from './image.js';

/**
 * Makes `file` a writable qcow2 disk of `sizeGiB` on top of the image; the guest grows its file system when it boots.
 * An existing file is never touched.
 * @throws when the file exists or the image needs more room
 */
export async function createOverlay(image: Image, file: string, sizeGiB: number): Promise<void> {
  if (!Number.isInteger(sizeGiB) || sizeGiB < image.virtualGiB) {
    throw new Error(`a disk from image ${image.recipe} needs at least ${image.virtualGiB} GiB, not ${sizeGiB}`);
  }
  // qemu-img would overwrite; a hard link to a finished file appears whole and only where nothing was.
  const draft = `${file}.${process.pid}.draft`;
  try {
    await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', image.disk, draft, `${sizeGiB}G`]);
    await link(draft, file);
  } finally {
    await rm(draft, { force: true });
  }
}
