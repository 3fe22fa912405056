import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';

const Package = z.object({ name: z.string(), version: z.string() });
const Credentials = z.object({ apiUrl: z.url(), key: z.string(), tenantId: z.string(), userId: z.string() });
export type Credentials = z.infer<typeof Credentials>;

const packageAt = (folder: string) => {
  const path = join(folder, 'package.json');
  return existsSync(path) ? Package.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data : undefined;
};

/** The checkout that a folder lies in: the nearest one above whose package is Strata. */
export const checkoutOf = (folder: string): string => {
  if (packageAt(folder)?.name === 'strata') return folder;
  if (folder === dirname(folder)) throw new Error('the command line does not lie in a checkout of Strata');
  return checkoutOf(dirname(folder));
};

export const versionOf = (checkout: string): string => packageAt(checkout)?.version ?? 'unknown';

/**
 * Where this cloud keeps its state: STRATA_HOME, else the path that `npm start` wrote to `.strata-home`, else `.strata`.
 * A relative STRATA_HOME is taken from the checkout, as the server does.
 */
export const homeOf = (env: Readonly<Record<string, string | undefined>>, checkout: string): string => {
  if (env['STRATA_HOME']) return resolve(checkout, env['STRATA_HOME']);
  const pointer = join(checkout, '.strata-home');
  return existsSync(pointer) ? resolve(checkout, readFileSync(pointer, 'utf8').trim()) : join(checkout, '.strata');
};

/** The first administrator's credentials, which the server writes at its first start; they may be somebody else's. */
export const credentialsOf = (home: string): Credentials | undefined => {
  const path = join(home, 'credentials.json');
  if (!existsSync(path)) return undefined;
  try {
    return Credentials.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EACCES') return undefined;
    throw error;
  }
};
