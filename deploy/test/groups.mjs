import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { checkout, nodeBinary, toolEnvironment } from '../setup/checkout.mjs';

/**
 * What came of a group of specs.
 * @typedef {{ passed: number, failed: number, skipped: string[], broken: string[], reasons: string[] }} Outcome
 */

const silence = 15_000;
/** The limit per test cannot end a test that blocks its thread; this one ends the group. */
const limit = Number(process.env.TEST_GROUP_LIMIT_MS ?? 30 * 60_000);
const reason = /SKIPPED: (.+)/;
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];

const fileOf = (suite) => relative(join(checkout, 'dist'), suite.name);
const named = (suite, { ancestorTitles, title }) => `${fileOf(suite)}: ${[...ancestorTitles, title].join(' › ')}`;
const sentenceOf = (message) =>
  message
    .split('\n')
    .map((line) => line.trim())
    .find((line) => line !== '' && !line.startsWith('●')) ?? 'no message';

/** A spec that cannot even be loaded has no tests; it counts as one failure. */
const failuresOf = (suite) => {
  const failed = suite.assertionResults.filter(({ status }) => status === 'failed').map((test) => named(suite, test));
  if (failed.length > 0 || suite.status !== 'failed') return failed;
  return [`${fileOf(suite)}: ${sentenceOf(suite.message)}`];
};

/** Reads jest's report; the closing line is computed from it alone. */
export const outcomeOf = (report, reasons) => {
  const of = (...statuses) =>
    report.testResults.flatMap((suite) =>
      suite.assertionResults.filter(({ status }) => statuses.includes(status)).map((test) => named(suite, test)),
    );
  const broken = report.testResults.flatMap(failuresOf);
  return {
    passed: of('passed').length,
    failed: broken.length,
    skipped: of('pending', 'skipped', 'disabled', 'todo'),
    broken,
    reasons,
  };
};

export const total = (outcomes) => ({
  passed: outcomes.reduce((sum, { passed }) => sum + passed, 0),
  failed: outcomes.reduce((sum, { failed }) => sum + failed, 0),
  skipped: outcomes.flatMap(({ skipped }) => skipped),
  broken: outcomes.flatMap(({ broken }) => broken),
  reasons: [...new Set(outcomes.flatMap(({ reasons }) => reasons))],
});

export const closingLine = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed, ${skipped.length} skipped`;

/** Runs one group to its end. Everything it writes is shown, kept in a log, and searched for reasons to skip. */
export const runGroup = async ({ name, options }, folder, passedOn) => {
  console.log(`\n── ${name} ──`);
  const file = join(folder, `${name.replaceAll(' ', '-')}.json`);
  const log = createWriteStream(file.replace(/json$/, 'log'));
  const jest = join(checkout, 'node_modules/jest/bin/jest.js');
  const child = spawn(
    nodeBinary(),
    ['--experimental-vm-modules', '--no-warnings', '--enable-source-maps', jest, ...passedOn].concat(
      options,
      '--passWithNoTests',
      '--json',
      `--outputFile=${file}`,
    ),
    {
      cwd: checkout,
      env: { ...toolEnvironment(), ...(process.stdout.isTTY && { FORCE_COLOR: '1' }) },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: limit,
      killSignal: 'SIGKILL',
    },
  );

  const stop = (signal) => {
    child.kill(signal);
    process.exit(1);
  };
  for (const signal of signals) process.on(signal, stop);

  const reasons = [];
  const start = performance.now();
  const speak = () => console.log(`… ${name}: ${Math.round((performance.now() - start) / 1000)} s`);
  let beat = setInterval(speak, silence);
  const listen = (stream) =>
    createInterface({ input: stream }).on('line', (line) => {
      clearInterval(beat);
      beat = setInterval(speak, silence);
      const found = reason.exec(line);
      if (found) reasons.push(found[1]);
      log.write(`${line}\n`);
      console.log(line);
    });
  listen(child.stdout);
  listen(child.stderr);

  const ending = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(signal ?? code));
  });
  for (const signal of signals) process.off(signal, stop);
  clearInterval(beat);
  log.end();

  const outcome = existsSync(file) ? outcomeOf(JSON.parse(readFileSync(file, 'utf8')), reasons) : total([]);
  if (ending === 0 || outcome.failed > 0) return outcome;
  // jest failed without a failed test: it was ended, or could not begin. That must not look like a success.
  return { ...outcome, failed: 1, broken: [`${name}: jest ended with ${ending}`] };
};
