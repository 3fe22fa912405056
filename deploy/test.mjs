// `npm test`: makes everything ready that tests need, runs them all, and ends with the line "N passed, N failed, N skipped".
// Arguments after `--` go to jest, such as a pattern of file names.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { checkout } from './setup/checkout.mjs';
import { since } from './setup/progress.mjs';
import { prepareCheckout, prepareHost, run } from './setup/steps.mjs';
import { closingLine, runGroup, total } from './test/groups.mjs';

const logs = join(checkout, '.cache/test');
const keptRuns = 5;

const groups = [
  { name: 'unit and scenario', options: ['--maxWorkers=2', '--testPathIgnorePatterns=\\.real\\.spec\\.js$'] },
  { name: 'real', options: ['--runInBand', '--testRegex=\\.real\\.spec\\.js$'] },
];

/** One folder per run, kept when it failed; the oldest of many go. */
const openRun = () => {
  const folder = join(logs, new Date().toISOString().replaceAll(':', '-'));
  mkdirSync(folder, { recursive: true });
  for (const old of readdirSync(logs).sort().slice(0, -keptRuns)) rmSync(join(logs, old), { recursive: true });
  return folder;
};

await run(async () => {
  const start = performance.now();
  console.log('Strata: getting ready to test');
  await prepareCheckout();
  await prepareHost('auto');

  const folder = openRun();
  const outcomes = [];
  for (const group of groups) outcomes.push(await runGroup(group, folder, process.argv.slice(2)));
  const sum = total(outcomes);

  if (sum.skipped.length > 0) console.log('\nSkipped:');
  for (const name of sum.skipped) console.log(`  ${name}`);
  if (sum.reasons.length > 0) console.log('\nReasons that tests gave:');
  for (const reason of sum.reasons) console.log(`  ${reason}`);
  if (sum.broken.length > 0) console.log('\nFailed:');
  for (const name of sum.broken) console.log(`  ${name}`);

  const ran = sum.passed + sum.failed > 0;
  const good = ran && sum.failed === 0;
  if (!ran) console.log('\nNo test ran, and that is a failure: is the pattern right?');
  if (good) rmSync(folder, { recursive: true });
  else console.log(`\nThe logs of this run are in ${relative(checkout, folder)}.`);
  console.log(`\nTested in ${since(start)}.\n\n${closingLine(sum)}`);
  return good ? 0 : 1;
});
