import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { run } from './command.js';
import type { Progress } from './progress.js';
import type { Recipe } from './recipes.js';
import { isInstalled } from './tools.js';
import { words } from './words.js';

/** As root alone; and as root and the range of users that /etc/subuid gives to who asks. */
const narrow = words('--map-root-user');
const wide = words('--map-root-user --map-auto');

/** What the building process writes, one JSON text a line. */
export const Word = z.union([
  z.object({ progress: z.tuple([z.number(), z.number(), z.string()]) }),
  z.object({ failure: z.string() }),
]);
export type Word = z.infer<typeof Word>;

/** Whether this user may make such a namespace; what `unshare` says against it is that it does not open. */
const opens = async (map: readonly string[]): Promise<boolean> => {
  const [attempt] = await Promise.allSettled([run('unshare', [...map, 'true'])]);
  return attempt?.status === 'fulfilled';
};

/** Why nobody but root can build images here, as a sentence that says what to do; undefined when others can too. */
export async function whyOnlyRootBuilds(): Promise<string | undefined> {
  if (process.getuid?.() === 0 || (await opens(narrow))) return undefined;
  return (
    'images are built in a user namespace, which this machine does not open to you: run ' +
    '"sudo sysctl kernel.unprivileged_userns_clone=1" (on Ubuntu "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"), ' +
    'or start Strata with sudo'
  );
}

/** The widest namespace there is, because it can also remove what an earlier and wider one left half done. */
async function mapFor(recipe: Recipe): Promise<readonly string[]> {
  const obstacle = await whyOnlyRootBuilds();
  if (obstacle !== undefined) throw new Error(obstacle);
  if (await opens(wide)) return wide;
  if (recipe === 'tiny') return narrow;
  throw new Error(
    (await isInstalled('newuidmap'))
      ? `${recipe} holds files of several users, and you have none to give: ` +
          'run "sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $USER"'
      : `${recipe} holds files of several users, which you cannot own yet: run "sudo apt-get install uidmap"`,
  );
}

/**
 * Builds as an ordinary user, by a process of its own that is root among files of its own: in a user namespace. What it
 * makes belongs to root in the image and to the user outside. It ends with us, however we end.
 * @throws a sentence that says what to do
 */
export async function buildInNamespace(
  folder: string,
  recipe: Recipe,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const builder = fileURLToPath(new URL('./build-process.js', import.meta.url));
  let failure: string | undefined;
  const onLine = (line: string): void => {
    const word = Word.parse(JSON.parse(line));
    if ('failure' in word) failure = word.failure;
    else progress(...word.progress);
  };
  // The kernel forgets whom to end with us when the namespace is entered, so it is told inside.
  const command = [...(await mapFor(recipe)), 'setpriv', '--pdeathsig', 'KILL', process.execPath, builder];
  await run('unshare', [...command, folder, recipe], { signal, onLine });
  if (failure !== undefined) throw new Error(failure);
}

/** Removes a folder of images, also what a build that was killed left there in the names of other users. */
export const removeFromNamespace = async (folder: string): Promise<void> => {
  await run('unshare', [...((await opens(wide)) ? wide : narrow), 'rm', '-rf', folder]);
};
