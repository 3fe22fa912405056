import { rm, truncate, writeFile } from 'node:fs/promises';
import { run } from './command.js';
import { words } from './words.js';

/** Times in images are never later than this, so that a rebuild differs in nothing that need not differ. */
const epoch = Date.UTC(2026, 0, 1) / 1000;

/** A version 4 UUID made of a digest. */
export const uuidOf = (digest: string): string =>
  digest.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-4$3-8$4-$5');

/** Turns a tree into a qcow2 disk that holds one ext4 and no partitions. Owners are kept, so it needs root. */
export async function makeDisk(
  tree: string,
  file: string,
  { sizeGiB, digest }: Readonly<{ sizeGiB: number; digest: string }>,
  signal: AbortSignal,
): Promise<void> {
  const raw = `${file}.raw`;
  const uuid = uuidOf(digest);
  await run('find', [tree, '-newermt', `@${epoch}`, '-exec', 'touch', '-h', '-d', `@${epoch}`, '{}', '+'], { signal });
  await writeFile(raw, '');
  await truncate(raw, sizeGiB * 2 ** 30);
  // Checksums of all metadata cost an emulated processor more than they bring; those of group descriptors suffice to
  // leave the tables of unused inodes unwritten when the file system grows.
  const format = words(`
    -q -t ext4 -L root -U ${uuid} -m 0 -J size=16 -O ^metadata_csum,uninit_bg
    -E lazy_itable_init=1,lazy_journal_init=1,root_owner=0:0,hash_seed=${uuid}
  `);
  await run('mke2fs', [...format, '-d', tree, raw], { signal, env: { E2FSPROGS_FAKE_TIME: String(epoch) } });
  await run('qemu-img', ['convert', '-O', 'qcow2', '-o', 'lazy_refcounts=on', raw, file], { signal });
  await rm(raw);
}
