import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
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
  terminal.on('SIGINT', () => interrupt.abort());
  try {
    return /^y(es)?$/i.test(await terminal.question(`${question} [y/N] `, { signal: interrupt.signal }));
  } finally {
    terminal.close();
  }
};

/** The terminal shows the question, and nothing of the answer: neither letters nor how many there are. */
const secret = async (question: string): Promise<string | undefined> => {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  terminal.on('SIGINT', () => interrupt.abort());
  // Only now, when nothing is echoed any more: people type as soon as they are asked.
  process.stderr.write(question);
  try {
    return await terminal.question('', { signal: interrupt.signal });
  } finally {
    terminal.close();
    process.stderr.write('\n');
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
  secret,
  input: () => text(process.stdin),
});
