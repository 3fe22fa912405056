import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { searchPath } from './command.js';

/** Each program that a build runs, and the Debian package that brings it. */
const packageOf: Readonly<Record<string, string>> = {
  'apt-get': 'apt',
  depmod: 'kmod',
  'dpkg-deb': 'dpkg',
  flock: 'util-linux',
  mke2fs: 'e2fsprogs',
  mmdebstrap: 'mmdebstrap',
  'qemu-img': 'qemu-utils',
};

export async function isInstalled(program: string): Promise<boolean> {
  const found = await Promise.allSettled(
    searchPath.split(':').map((folder) => access(join(folder, program), constants.X_OK)),
  );
  return found.some(({ status }) => status === 'fulfilled');
}

/** The Debian packages to install before images can be built, sorted; empty when everything is there. */
export async function missingTools(): Promise<string[]> {
  const missing = await Promise.all(
    Object.entries(packageOf).map(async ([program, name]) => ((await isInstalled(program)) ? [] : [name])),
  );
  return [...new Set(missing.flat())].sort();
}
