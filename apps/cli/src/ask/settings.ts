import type { Globals, Io } from '../io.js';
import { usage } from './failure.js';
import { credentialsOf, homeOf } from './home.js';
import { sessionOf } from './session.js';

/** Whom to ask, and as whom. */
export type Settings = Readonly<{ apiUrl: string; key: string | undefined; tenant: string | undefined }>;

const originOf = (text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url?.protocol.startsWith('http')) throw usage(`"${text}" is not the URL of an API`);
  return url.origin;
};

/**
 * Flags before environment before a login before the home's credentials. A stored key goes to the cloud that it belongs to
 * and to no other: a key in a request to a stranger is a key given away. Who has logged in stays who it is when the session
 * ends, and does not become the first administrator again.
 */
export const settingsOf = ({ env, checkout }: Io, { api, tenant }: Globals): Settings => {
  const named = api ?? env['STRATA_API'];
  const home = homeOf(env, checkout);
  const stored = named && env['STRATA_KEY'] ? undefined : credentialsOf(home);
  const port = env['STRATA_PORT'] ?? '7070';
  const apiUrl = originOf(named ?? stored?.apiUrl ?? `http://127.0.0.1:${port}`);
  const ours = stored !== undefined && originOf(stored.apiUrl) === apiUrl;
  const key = env['STRATA_KEY'] ?? sessionOf(env, { home, apiUrl })?.key ?? (ours ? stored.key : undefined);
  return { apiUrl, key, tenant };
};
