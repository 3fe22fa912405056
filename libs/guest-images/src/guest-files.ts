import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A file of ours that goes into a guest. Scripts, known by their `#!`, are executable there. */
export type GuestFile = Readonly<{ path: string; content: Buffer; executable: boolean }>;

/** The compiler copies only TypeScript, so compiled code looks for the guest's files in the sources around it. */
function guestFolder(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  for (let folder = here; folder !== dirname(folder); folder = dirname(folder)) {
    const candidate = join(folder, 'libs/guest-images/src/guest');
    if (existsSync(candidate)) return candidate;
  }
  throw new Error(`the guest's files are missing: no libs/guest-images/src/guest above ${here}`);
}

/** All files of the named trees, sorted by path; a later tree wins over an earlier one. */
export async function guestFiles(...trees: readonly string[]): Promise<GuestFile[]> {
  const files = new Map<string, GuestFile>();
  for (const tree of trees) {
    const root = join(guestFolder(), tree);
    for (const found of await readdir(root, { recursive: true, withFileTypes: true })) {
      if (!found.isFile()) continue;
      const path = relative(root, join(found.parentPath, found.name));
      const content = await readFile(join(root, path));
      files.set(path, { path, content, executable: content.subarray(0, 2).toString() === '#!' });
    }
  }
  return [...files.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

export async function writeGuestFiles(files: readonly GuestFile[], root: string): Promise<void> {
  for (const { path, content, executable } of files) {
    const target = join(root, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content);
    await chmod(target, executable ? 0o755 : 0o644);
  }
}
