import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** A finished image: a folder `<digest>/` that holds disk.qcow2 (base of overlays, 0444), vmlinuz, initrd and manifest.json. */
export type Image = Readonly<{
  /** SHA-256 over everything that determines the content, in hex. */
  digest: string;
  recipe: string;
  folder: string;
  disk: string;
  kernel: string;
  initrd: string;
  /** The kernel's command line. */
  cmdline: string;
  /** Room that disk.qcow2 takes. */
  sizeMiB: number;
  /** Size that the guest sees, and the least an overlay may have. */
  virtualGiB: number;
  /** RFC 3339, UTC. */
  createdAt: string;
}>;

export const Manifest = z.object({
  digest: z.string(),
  recipe: z.string(),
  cmdline: z.string(),
  kernelVersion: z.string(),
  sizeMiB: z.number(),
  virtualGiB: z.number(),
  createdAt: z.string(),
  packages: z.array(z.object({ name: z.string(), version: z.string(), sha256: z.string() })),
});
export type Manifest = z.infer<typeof Manifest>;

/** What an image says of itself; the rest of its manifest is for people who ask where it came from. */
const Facts = Manifest.omit({ kernelVersion: true, packages: true });

/** Reads the image in a folder; undefined when there is none. A folder exists only once its image is whole. */
export async function readImage(folder: string): Promise<Image | undefined> {
  const file = join(folder, 'manifest.json');
  if (!existsSync(file)) return undefined;
  const facts = Facts.parse(JSON.parse(await readFile(file, 'utf8')));
  return {
    ...facts,
    folder,
    disk: join(folder, 'disk.qcow2'),
    kernel: join(folder, 'vmlinuz'),
    initrd: join(folder, 'initrd'),
  };
}
