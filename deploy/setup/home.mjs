import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { checkout, isRoot } from './checkout.mjs';

const ancestors = (path) => (path === dirname(path) ? [path] : [path, ...ancestors(dirname(path))]);
const traversable = (path) => (statSync(path).mode & 0o001) !== 0;

/**
 * Where all state lives, as an absolute path: STRATA_HOME, else `.strata` in the checkout. Started by root, PostgreSQL
 * and QEMU run as users of their own, who must be able to walk to it. Where they cannot, as in a checkout under a
 * home folder with mode 0700, the default is a folder under /var/lib/strata named after the checkout.
 */
export const resolveHome = (env, folder, asRoot = isRoot) => {
  if (env.STRATA_HOME) return resolve(folder, env.STRATA_HOME);
  if (!asRoot || ancestors(folder).every(traversable)) return join(folder, '.strata');
  return join('/var/lib/strata', createHash('sha256').update(folder).digest('hex').slice(0, 12));
};

/**
 * Makes the home and answers its path. The default home is written to `.strata-home`, where the command line finds it;
 * a home that somebody names is theirs to name again.
 */
export const openHome = (env) => {
  const home = resolveHome(env, checkout);
  mkdirSync(home, { recursive: true });
  if (isRoot && !traversable(home)) chmodSync(home, 0o711);
  if (env.STRATA_HOME) return home;
  writeFileSync(join(checkout, '.strata-home'), `${home}\n`);
  if (dirname(home) !== checkout) console.log(`  state lives in ${home}: other users cannot reach this checkout`);
  return home;
};
