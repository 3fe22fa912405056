import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Io } from '../io.js';

/** Makes the home by the rule that `npm start` uses, so that both have the same one. */
export const openHome = async ({ checkout, env }: Io): Promise<string> => {
  const module: unknown = await import(pathToFileURL(join(checkout, 'deploy/setup/home.mjs')).href);
  // The script is plain JavaScript, because it runs before anything is built: its shape is said here.
  return (module as { openHome(env: Io['env']): string }).openHome(env);
};
