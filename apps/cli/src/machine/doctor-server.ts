import { api } from '@strata/contracts';
import type { Client } from '../ask/client.js';
import { Failure } from '../ask/failure.js';
import { homeOf } from '../ask/home.js';
import { settingsOf } from '../ask/settings.js';
import type { Globals, Io } from '../io.js';
import type { Finding } from './finding.js';
import { bad, ok, warn } from './finding.js';
import { serverOf } from './server-process.js';

/** Clocks further apart than this make times hard to compare, in seconds. */
const skewLimit = 5;

const clock = (response: Response): Finding => {
  const theirs = Date.parse(response.headers.get('date') ?? '');
  if (Number.isNaN(theirs))
    return warn('clock', 'the server does not say what time it is', 'look at what answers there');
  const skew = Math.round(Math.abs(Date.now() - theirs) / 1000);
  const found = `${skew} s apart from the server's`;
  return skew > skewLimit ? warn('clock', found, 'synchronise the clocks with NTP') : ok('clock', found);
};

const credentials = async (client: Client): Promise<Finding> => {
  try {
    const { userId, role, tenantId } = await client.ask(api.platform.whoami);
    return ok('key', `${userId}, ${role} of ${tenantId}`);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return bad('key', error.message, 'look at STRATA_KEY, or at credentials.json in the home');
  }
};

const health = async (response: Response): Promise<Finding> => {
  const body = await response.text();
  if (response.ok) {
    const { origin } = new URL(response.url);
    const { success, data } = api.platform.ready.answer.safeParse(jsonOf(body));
    const troubles = Object.entries(success ? data.checks : {}).filter(([, found]) => found !== 'ok');
    if (troubles.length === 0) return ok('server', `ready at ${origin}`);
    const words = troubles.map(([check, found]) => `${check}: ${found}`).join('; ');
    return bad(
      'server',
      `serves at ${origin}, but not as it should (${words})`,
      'see docs/operations.md, and server.log',
    );
  }
  return bad('server', `not ready: ${body.slice(0, 300)}`, 'wait a moment; then see server.log in the home');
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Whoever checks the shape finds it wanting.
  }
};

/** How the server is; that none runs is no illness. */
export const serverChecks = async (io: Io, client: () => Client, globals: Globals): Promise<readonly Finding[]> => {
  const { apiUrl } = settingsOf(io, globals);
  let response: Response;
  try {
    response = await io.fetch(new URL(api.platform.ready.path, apiUrl), { signal: AbortSignal.timeout(5000) });
  } catch (error) {
    io.signal.throwIfAborted();
    const hangs = globals.api === undefined && serverOf(homeOf(io.env, io.checkout)) !== undefined;
    const why = error instanceof Error ? error.message : String(error);
    return [
      hangs
        ? bad('server', `runs, and does not answer at ${apiUrl} (${why})`, 'see server.log in the home')
        : warn('server', `none answers at ${apiUrl}`, 'run `npm start`, or `npx strata up`'),
    ];
  }
  const findings = [await health(response), clock(response)];
  return response.ok ? [...findings, await credentials(client())] : findings;
};
