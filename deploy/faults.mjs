// `npm run faults -- r04 r06`: runs these tests of reliability the whole way that their numbers ask for, one after another;
// without a number all of them. `npm test` runs the same ones with smaller counts.
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkout } from './setup/checkout.mjs';
import { SetupError, since } from './setup/progress.mjs';
import { prepareCheckout, run } from './setup/steps.mjs';
import { closingLine, runGroup, total } from './test/groups.mjs';

const folder = join(checkout, '.cache/faults');

const known = () =>
  readdirSync(join(checkout, 'test/faults'))
    .filter((name) => /^r\d\d-.*\.spec\.ts$/.test(name))
    .map((name) => name.replace(/\.spec\.ts$/, ''))
    .sort();

await run(async () => {
  const start = performance.now();
  await prepareCheckout();
  const wanted = process.argv.slice(2).map((it) => it.toLowerCase());
  const unknown = wanted.find((it) => !known().some((name) => name.startsWith(`${it}-`)));
  if (unknown) throw new SetupError(`there is no test ${unknown}: there are ${known().join(', ')}`);
  const names = known().filter((name) => wanted.length === 0 || wanted.some((it) => name.startsWith(`${it}-`)));

  process.env.STRATA_FAULTS = 'full';
  mkdirSync(folder, { recursive: true });
  const outcomes = [];
  for (const name of names) {
    outcomes.push(await runGroup({ name, options: ['--runInBand'] }, folder, [`/test/faults/${name}\\.spec`]));
  }
  const sum = total(outcomes);
  for (const reason of sum.reasons) console.log(`  ${reason}`);
  for (const name of sum.broken) console.log(`  ${name}`);
  console.log(`\nTested in ${since(start)}.\n\n${closingLine(sum)}`);
  return sum.passed > 0 && sum.failed === 0 ? 0 : 1;
});
