import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { checkout } from './checkout.mjs';
import { execute } from './progress.mjs';

const dist = join(checkout, 'dist');
const next = join(checkout, 'dist.next');
const stamp = join(checkout, '.cache/build-stamp');
const roots = ['apps', 'libs', 'test'];
const portal = 'apps/portal';

/** Changes whenever a source appears, disappears or is written; reads no contents, so it costs milliseconds. */
const fingerprint = () => {
  const hash = createHash('sha256');
  const add = (path) => {
    const { mtimeMs, size } = statSync(join(checkout, path));
    hash.update(`${path} ${mtimeMs} ${size}\n`);
  };
  const walk = (folder) => {
    for (const entry of readdirSync(join(checkout, folder), { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory() && entry.name !== 'node_modules' && path !== portal) walk(path);
      else if (/\.m?ts$/.test(entry.name)) add(path);
    }
  };
  for (const root of roots.filter((root) => existsSync(join(checkout, root)))) walk(root);
  for (const file of ['.swcrc', 'package-lock.json']) add(file);
  return hash.digest('hex');
};

const builtFrom = () => (existsSync(dist) && existsSync(stamp) ? readFileSync(stamp, 'utf8') : undefined);

/**
 * Compiles beside the old build and then changes places with it: a source that does not compile leaves the old build as
 * it was. The fingerprint is taken before compiling, so that a file written meanwhile is compiled next time.
 * @type {import('./progress.mjs').Step}
 */
export const build = {
  name: 'build',
  needed: async () => {
    const built = builtFrom();
    if (built === undefined) return 'nothing is built yet';
    return built === fingerprint() ? undefined : 'sources changed';
  },
  run: async () => {
    const sources = fingerprint();
    rmSync(next, { recursive: true, force: true });
    await execute('swc', [...roots, '--out-dir', 'dist.next', '--ignore', `${portal}/**`, '--quiet'], {
      complaint: (lines) => lines,
      advice: 'correct the source named above',
    });
    rmSync(dist, { recursive: true, force: true });
    renameSync(next, dist);
    mkdirSync(dirname(stamp), { recursive: true });
    writeFileSync(stamp, sources);
  },
};
