import { createInterface } from 'node:readline/promises';
import { checkoutOf } from './ask/home.js';
import { run } from './run.js';

// Whoever reads our output may stop reading: `strata event list | head` is no accident.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort());

const confirm = async (question: string): Promise<boolean | undefined> => {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test(await terminal.question(`${question} [y/N] `, { signal: interrupt.signal }));
  } finally {
    terminal.close();
  }
};

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  fetch,
  checkout: checkoutOf(import.meta.dirname),
  signal: interrupt.signal,
  confirm,
});
