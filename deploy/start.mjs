// `npm start`: makes checkout and machine ready, then serves until Ctrl-C. Runs on Node 20 before anything is installed.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { constants } from 'node:os';
import { checkout, nodeBinary, toolEnvironment } from './setup/checkout.mjs';
import { openHome } from './setup/home.mjs';
import { SetupError, since } from './setup/progress.mjs';
import { prepareCheckout, prepareHost, run } from './setup/steps.mjs';

const server = join(checkout, 'dist/apps/solo/src/main.js');

/**
 * The server runs in a session of its own, and signals reach it only from here: one Ctrl-C arrives two or three times
 * (from the terminal, from npm), and a server may take the second for impatience.
 */
const serve = (home) =>
  new Promise((resolve, reject) => {
    // Under load most of what is made is gone a moment later: with room for it, the costly collections are fewer.
    const flags = ['--enable-source-maps', '--max-semi-space-size=32'];
    const child = spawn(nodeBinary(), [...flags, server, ...process.argv.slice(2)], {
      stdio: 'inherit',
      detached: true,
      env: { ...toolEnvironment(), STRATA_HOME: home },
    });
    let last = -Infinity;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      process.on(signal, () => {
        if (performance.now() - last < 1000) return;
        last = performance.now();
        child.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal);
      });
    }
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });

await run(async () => {
  const start = performance.now();
  const hypervisor = process.env.STRATA_HYPERVISOR ?? 'auto';
  console.log('Strata: getting ready');
  await prepareCheckout();
  if (hypervisor !== 'simulated') await prepareHost(hypervisor);
  if (!existsSync(server)) throw new SetupError('this checkout has no server yet: apps/solo is still to be written');
  const home = openHome(process.env);
  console.log(`Strata: ready after ${since(start)}, starting`);
  return serve(home);
});
