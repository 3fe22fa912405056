import { chmod, copyFile, mkdir, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { run } from './command.js';
import { type GuestFile, writeGuestFiles } from './guest-files.js';
import { words } from './words.js';

const programs = ['usr/sbin/qemu-ga', 'sbin/resize2fs'];
const linker = 'lib64/ld-linux-x86-64.so.2';

/** The shared libraries that a program of an unpacked tree loads, as paths in that tree. */
async function librariesOf(program: string, unpacked: string, signal: AbortSignal): Promise<string[]> {
  const folders = ['lib', 'usr/lib'].map((folder) => join(unpacked, folder, 'x86_64-linux-gnu')).join(':');
  const list = ['--library-path', folders, '--list', join(unpacked, program)];
  const output = await run(join(unpacked, linker), list, { signal });
  return [...output.matchAll(/=> (\S+) \(/g)].map(([, path = '']) => relative(unpacked, path));
}

/** The root file system of the recipe `tiny`: busybox as process 1, the guest agent and what it loads, our scripts. */
export async function makeTinyRoot(
  unpacked: string,
  files: readonly GuestFile[],
  root: string,
  signal: AbortSignal,
): Promise<void> {
  for (const folder of words('bin dev etc mnt proc root run srv sys tmp var/lib/strata var/log')) {
    await mkdir(join(root, folder), { recursive: true });
  }
  await chmod(join(root, 'tmp'), 0o1777);
  await chmod(join(root, 'root'), 0o700);

  const libraries = await Promise.all(programs.map((program) => librariesOf(program, unpacked, signal)));
  for (const path of new Set([...programs, linker, ...libraries.flat()])) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await copyFile(join(unpacked, path), join(root, path));
  }

  const busybox = join(root, 'bin/busybox');
  await copyFile(join(unpacked, 'bin/busybox'), busybox);
  for (const applet of (await run(busybox, ['--list-full'], { signal })).split('\n')) {
    if (applet === '' || applet === 'bin/busybox') continue;
    await mkdir(dirname(join(root, applet)), { recursive: true });
    await symlink('/bin/busybox', join(root, applet));
  }
  await symlink('/run/resolv.conf', join(root, 'etc/resolv.conf'));
  await writeGuestFiles(files, root);
}
