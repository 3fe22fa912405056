import { existsSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { sep } from 'node:path';
import { Failure, exits, usage } from '../ask/failure.js';
import { homeOf } from '../ask/home.js';
import { dropSessionsOf } from '../ask/session.js';
import type { Call } from '../nouns/verb.js';
import { databasesIn, lives, serverOf } from './server-process.js';

/** How long a server may take to end its work, in seconds. */
const patience = 60;

const stop = async (call: Call, pid: number, signal: NodeJS.Signals, what: string): Promise<void> => {
  const seconds = call.globals.timeoutSeconds ?? patience;
  process.kill(pid, signal);
  for (
    const deadline = Date.now() + seconds * 1000;
    lives(pid);
    await pause(50, undefined, { signal: call.io.signal })
  ) {
    if (Date.now() < deadline) continue;
    const title = `${what} (process ${pid}) did not end within ${seconds} s`;
    throw new Failure(exits.timeout, { title, help: 'Ask again with a longer --timeout.' });
  }
  call.io.stderr.write(`${what} has stopped\n`);
};

/** Everything below it is going to be removed: a slip in STRATA_HOME must not cost a checkout or a person's files. */
const refuseStrangeHome = (home: string, checkout: string): void => {
  const holds = (path: string) => path === home || path.startsWith(home.endsWith(sep) ? home : home + sep);
  if (holds(checkout) || holds(homedir()) || holds(process.cwd())) {
    throw usage(`${home} holds more than a cloud`, { help: 'Look at STRATA_HOME.' });
  }
  const files = existsSync(home) ? readdirSync(home) : [];
  const marks = ['credentials.json', 'server.log', 'server.pid', 'instances', 'images', 'postgres'];
  if (files.length > 0 && !files.some((file) => marks.includes(file))) {
    throw usage(`${home} does not look like the home of a cloud`, { help: 'Look at STRATA_HOME.' });
  }
};

/** Without an answer from a person, only --yes will do. */
const makeSure = async ({ io, given }: Call, home: string): Promise<void> => {
  if (given['yes'] === true) return;
  const answer = await io.confirm(`Remove every guest, network, volume and file of ${home}, for ever?`);
  if (answer === undefined) throw usage('Nobody is here to ask', { help: 'Say --yes when you mean it.' });
  if (!answer) throw new Failure(exits.failure, { title: 'Nothing was removed' });
};

export const down = async (call: Call): Promise<void> => {
  const { io, given } = call;
  const home = homeOf(io.env, io.checkout);
  const all = given['all'] === true;
  if (all) {
    refuseStrangeHome(home, io.checkout);
    await makeSure(call, home);
  }
  const server = serverOf(home);
  if (server) await stop(call, server.pid, 'SIGTERM', 'the server');
  else io.stderr.write('no server runs\n');
  if (!all) return;

  for (const pid of await databasesIn(home)) await stop(call, pid, 'SIGINT', 'its database');
  const { removeEverything } = await import('@strata/hypervisor');
  const { guests, networks } = await removeEverything(home);
  await rm(home, { recursive: true, force: true });
  dropSessionsOf(io.env, home);
  io.stderr.write(`removed ${guests} guests, ${networks} networks and ${home}\n`);
};
