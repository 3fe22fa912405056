import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { hostPackages } from '../host-packages.mjs';
import { isRoot } from './checkout.mjs';
import { SetupError, execute } from './progress.mjs';

/** dpkg-query fails when one of the packages is unknown to it, and still answers for the others. */
const installed = async () => {
  const question = promisify(execFile)('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\n', ...hostPackages]);
  const { stdout } = await question.catch((failure) => failure);
  return new Set(
    (stdout ?? '')
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
};

const missing = async () => {
  const present = await installed();
  return hostPackages.filter((name) => !present.has(name));
};

const listsAreMissing = () => {
  try {
    return !readdirSync('/var/lib/apt/lists').some((name) => name.includes('_Packages'));
  } catch (error) {
    if (error.code === 'ENOENT') return true;
    throw error;
  }
};

const apt = (...args) =>
  execute('apt-get', ['-q', ...args], {
    env: { DEBIAN_FRONTEND: 'noninteractive' },
    advice: 'check that the Debian mirror can be reached and that no other apt runs, then start again',
  });

/** @type {import('./progress.mjs').Step} */
export const debianPackages = {
  name: 'Debian packages',
  needed: async () => {
    const names = await missing();
    return names.length > 0 ? `${names.length} missing (${names.join(' ')})` : undefined;
  },
  run: async () => {
    const wanted = ['install', '-y', '--no-install-recommends', ...(await missing())];
    if (!isRoot) throw new SetupError(`to run real guests, install what they need: sudo apt-get ${wanted.join(' ')}`);
    if (listsAreMissing()) await apt('update');
    try {
      await apt(...wanted);
    } catch {
      console.log('    the package lists may be old: once more with new ones');
      await apt('update');
      await apt(...wanted);
    }
  },
};
