import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Failure, exits, usage } from '../ask/failure.js';
import { openHome } from '../machine/open-home.js';
import { serverOf } from '../machine/server-process.js';
import type { Call } from '../nouns/verb.js';

/** Fills the logs of this home; no server may run meanwhile, because one that runs has a log already. */
export const importFrom = async ({ given, io }: Call): Promise<number> => {
  const folder = resolve(String(given['folder']));
  if (!existsSync(join(folder, 'manifest.json'))) throw usage(`There is no export in ${folder}`);
  const home = await openHome(io);
  const server = serverOf(home);
  if (server) {
    throw new Failure(exits.conflict, {
      title: `The server of ${home} runs (process ${server.pid})`,
      help: 'An export is brought back into a home that has no log yet: name another one with STRATA_HOME.',
    });
  }
  const program = join(io.checkout, 'dist/apps/solo/src/import-log.js');
  if (!existsSync(program))
    throw new Failure(exits.failure, { title: 'This checkout is not built', help: 'Run `npm start` once.' });
  const child = spawn(process.execPath, ['--enable-source-maps', program, folder], {
    cwd: io.checkout,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...io.env, STRATA_HOME: home },
    signal: io.signal,
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => void io.stdout.write(text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => void io.stderr.write(text));
  const [code] = (await once(child, 'close')) as [number | null]; // What `close` tells of a child process.
  return code === 0 ? exits.ok : exits.failure;
};
