import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { checkout, toolEnvironment } from './checkout.mjs';

/**
 * One thing that must be so before the cloud can run.
 * @typedef {object} Step
 * @property {string} name what it makes sure of
 * @property {() => Promise<string | undefined>} needed why there is work to do; undefined when there is none
 * @property {() => Promise<void>} run does the work; throws SetupError when it cannot
 */

/** A failure that a person can act on: the message is one sentence that says what to do. */
export class SetupError extends Error {}

const heartbeat = 5000;
const shownLines = 15;
const lastLines = (lines) => lines.slice(-shownLines);

/** Seconds since `start` (milliseconds of performance.now()), such as "2.4 s". */
export const since = (start) => `${((performance.now() - start) / 1000).toFixed(1)} s`;

/** Makes each step true, in order, and names each with its time. */
export const prepare = async (steps) => {
  for (const step of steps) {
    const start = performance.now();
    const reason = await step.needed();
    if (reason === undefined) {
      console.log(`  ✓ ${step.name}`);
      continue;
    }
    console.log(`  ▸ ${step.name}: ${reason}`);
    await step.run();
    console.log(`  ✓ ${step.name}, ${since(start)}`);
  }
};

/**
 * Runs a command quietly but visibly: its latest line is shown in place on a terminal, and every five seconds elsewhere.
 * `describe` turns a line of output into what is shown. A failure shows
 * what `complaint` picks from all lines: the last ones, unless said otherwise.
 */
export const execute = async (command, args, options) => {
  const { cwd = checkout, env = {}, describe = (line) => line, complaint = lastLines, advice } = options;
  const child = spawn(command, args, { cwd, env: { ...toolEnvironment(), ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const start = performance.now();
  const written = [];
  let latest = '';

  const terminal = process.stdout.isTTY;
  const show = () => {
    const note = `    … ${since(start)} ${latest}`;
    if (terminal) process.stdout.write(`\r\x1b[K${note.slice(0, (process.stdout.columns ?? 80) - 1)}`);
    else console.log(note);
  };
  const beat = setInterval(show, terminal ? 200 : heartbeat);

  const output = new PassThrough();
  child.stdout.pipe(output, { end: false });
  child.stderr.pipe(output, { end: false });
  createInterface({ input: output }).on('line', (line) => {
    latest = describe(line) ?? latest;
    written.push(line);
  });

  const ending = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code === 0 ? undefined : `ended with ${signal ?? `code ${code}`}`));
  });
  clearInterval(beat);
  if (terminal) process.stdout.write('\r\x1b[K');
  if (ending === undefined) return;

  for (const line of complaint(written).slice(0, shownLines)) console.error(`    │ ${line}`);
  throw new SetupError(`${command} ${args[0] ?? ''} ${ending}: ${advice}`);
};
