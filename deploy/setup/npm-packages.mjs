import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkout } from './checkout.mjs';
import { execute } from './progress.mjs';

const packagesOf = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;

/**
 * Compares what is wanted (package-lock.json) with what npm recorded as installed. npm writes that record last, so an
 * installation that was cut short has none. Optional packages may be absent: they belong to other platforms.
 */
export const differenceFrom = (folder) => {
  const record = join(folder, 'node_modules/.package-lock.json');
  if (!existsSync(record)) return 'not installed yet';
  const installed = packagesOf(record);
  const differing = Object.entries(packagesOf(join(folder, 'package-lock.json'))).find(([path, wanted]) => {
    if (!path.startsWith('node_modules/')) return false;
    const found = installed[path];
    return found ? found.version !== wanted.version : !wanted.optional && !wanted.devOptional && !wanted.peer;
  });
  return differing && `${differing[0].replace('node_modules/', '')} is not as package-lock.json wants it`;
};

/** @type {import('./progress.mjs').Step} */
export const npmPackages = {
  name: 'npm packages',
  needed: async () => differenceFrom(checkout),
  run: () => {
    let fetched = 0;
    return execute('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=http'], {
      describe: (line) => (line.includes('http fetch') ? `${(fetched += 1)} packages fetched` : undefined),
      complaint: (lines) => lines.filter((line) => line.startsWith('npm error')),
      advice: 'check that the npm registry can be reached, then start again',
    });
  },
};
