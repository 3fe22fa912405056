import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const upTo = (file: string, folder: string): string =>
  existsSync(join(folder, file)) ? folder : upTo(file, dirname(folder));

/** The checkout's folder, found from the build as from the sources. */
export const checkout = upTo('package-lock.json', import.meta.dirname);

/** Loads a module of deploy/, which is plain JavaScript outside the build; the caller says its shape. */
export const load = async <Module>(path: string): Promise<Module> => {
  const module: unknown = await import(pathToFileURL(join(checkout, path)).href);
  // Plain JavaScript has no types: the caller's word is all there is, and the specs find out whether it holds.
  return module as Module;
};
