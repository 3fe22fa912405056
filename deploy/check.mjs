// `npm run check`: every rule of the house that a tool can enforce. `npm run check -- lint folders` takes the ones named.
import { spawnSync } from 'node:child_process';
import { picture } from './check/picture.mjs';
import { bannedWords } from './check/words.mjs';
import { checkout, nodeBinary, toolEnvironment } from './setup/checkout.mjs';
import { SetupError, prepare, since } from './setup/progress.mjs';
import { checkoutSteps, run } from './setup/steps.mjs';

/** Runs a tool and answers what it complained about; nothing when it was content. */
const tool =
  (command, ...args) =>
  () => {
    const options = { cwd: checkout, env: toolEnvironment(), encoding: 'utf8', maxBuffer: 2 ** 28 };
    const { status, stdout, stderr, error } = spawnSync(command, args, options);
    return status === 0
      ? ''
      : `${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}` || `${command} ended with ${status}`;
  };

const checks = {
  types: tool(nodeBinary(), 'node_modules/typescript7/bin/tsc', '-p', 'tsconfig.json'),
  lint: tool('oxlint', '--type-aware', '--tsconfig', 'tsconfig.json', 'apps', 'libs', 'test', 'deploy'),
  folders: tool('depcruise', 'apps', 'libs', 'test', '--config', '.dependency-cruiser.cjs'),
  'dead-code': tool('knip'),
  format: tool('prettier', '--check', '.'),
  words: () => bannedWords(checkout).join('\n'),
  picture: () => {
    const { is, shouldBe } = picture(checkout);
    return is === shouldBe ? '' : 'the picture in docs/architecture.md is not of this house: npm run house';
  },
};

await run(async () => {
  const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(checks);
  const unknown = names.find((name) => !Object.hasOwn(checks, name));
  if (unknown) throw new SetupError(`there is no check "${unknown}": the checks are ${Object.keys(checks).join(', ')}`);
  await prepare([checkoutSteps.npm]);

  const failed = [];
  for (const name of names) {
    const start = performance.now();
    const complaint = checks[name]();
    console.log(`  ${complaint ? '✗' : '✓'} ${name}, ${since(start)}`);
    if (!complaint) continue;
    console.log(complaint.trimEnd().replace(/^/gm, '    '));
    failed.push(name);
  }
  console.log(failed.length > 0 ? `\nfailed: ${failed.join(', ')}` : '\nThe house is in order.');
  return failed.length > 0 ? 1 : 0;
});
