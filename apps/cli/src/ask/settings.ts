import type { Globals, Io } from '../io.js';
import { usage } from './failure.js';
import { credentialsOf, homeOf } from './home.js';

/** Whom to ask, and as whom. */
export type Settings = Readonly<{ apiUrl: string; key: string | undefined; tenant: string | undefined }>;

const originOf = (text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url?.protocol.startsWith('http')) throw usage(`"${text}" is not the URL of an API`);
  return url.origin;
};

/**
 * Flags before environment before the home's credentials. The stored key goes to the cloud that it belongs to and to no
 * other: a key in a request to a stranger is a key given away.
 */
export const settingsOf = ({ env, checkout }: Io, { api, tenant }: Globals): Settings => {
  const named = api ?? env['STRATA_API'];
  const stored = named && env['STRATA_KEY'] ? undefined : credentialsOf(homeOf(env, checkout));
  const port = env['STRATA_PORT'] ?? '7070';
  const apiUrl = originOf(named ?? stored?.apiUrl ?? `http://127.0.0.1:${port}`);
  const ours = stored !== undefined && originOf(stored.apiUrl) === apiUrl;
  return { apiUrl, key: env['STRATA_KEY'] ?? (ours ? stored.key : undefined), tenant };
};
