import { api } from '@strata/contracts';
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Failure, exits } from '../ask/failure.js';
import type { Io } from '../io.js';
import type { Call } from '../nouns/verb.js';
import { print } from '../show/output.js';
import { openHome } from './open-home.js';
import type { ServerProcess } from './server-process.js';
import { serverOf } from './server-process.js';

const pollMs = 100;
/** A first start installs and builds: it has ten minutes. In seconds. */
const firstStart = 600;

const isReady = async ({ fetch }: Io, { apiUrl }: ServerProcess): Promise<boolean> =>
  fetch(new URL(api.platform.ready.path, apiUrl), { signal: AbortSignal.timeout(2000) }).then(
    (response) => response.ok,
    // Not listening yet: the next look may find it.
    () => false,
  );

/** Copies to standard error what the server writes to its log. */
const progress = ({ stderr }: Io, log: string) => {
  let shown = existsSync(log) ? statSync(log).size : 0;
  return () => {
    const text = readFileSync(log).subarray(shown);
    shown += text.length;
    stderr.write(text.toString());
  };
};

/** Starts the server detached; answers the code it ended with, once it has. */
const start = ({ checkout, env }: Io, home: string, log: string) => {
  const file = openSync(log, 'a', 0o600);
  const child = spawn(process.execPath, [join(checkout, 'deploy/start.mjs')], {
    cwd: checkout,
    detached: true,
    stdio: ['ignore', file, file],
    env: { ...env, STRATA_HOME: home },
  });
  closeSync(file);
  child.unref();
  let ended: string | undefined;
  child.once('error', (error) => (ended = error.message));
  child.once('exit', (code, signal) => (ended = `it ended with ${signal ?? `code ${code}`}`));
  return () => ended;
};

export const up = async (call: Call): Promise<void> => {
  const { io, globals } = call;
  const home = await openHome(io);
  const log = join(home, 'server.log');
  const say = async (server: ServerProcess) =>
    print(
      io,
      globals,
      {
        status: 'running',
        apiUrl: server.apiUrl,
        pid: server.pid,
        home,
        log,
        credentials: join(home, 'credentials.json'),
      },
      { columns: {}, name: 'apiUrl' },
      'fields',
    );
  const there = serverOf(home);
  if (there && (await isReady(io, there))) return say(there);

  const show = there ? () => undefined : progress(io, log);
  const endOf = there ? () => undefined : start(io, home, log);
  const seconds = globals.timeoutSeconds ?? firstStart;
  for (const deadline = Date.now() + seconds * 1000; ; await pause(pollMs, undefined, { signal: io.signal })) {
    show();
    const server = serverOf(home);
    if (server && (await isReady(io, server))) return say(server);
    const end = endOf();
    if (end !== undefined) {
      throw new Failure(exits.failure, { title: 'The server did not start', detail: end, help: `See ${log}.` });
    }
    if (Date.now() > deadline) {
      const title = `The server is not ready after ${seconds} s`;
      throw new Failure(exits.timeout, { title, detail: 'It goes on starting.', help: `See ${log}.` });
    }
  }
};
