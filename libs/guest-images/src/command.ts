import { spawn } from 'node:child_process';
import { words } from './words.js';

export type CommandOptions = Readonly<{
  cwd?: string;
  env?: Readonly<Record<string, string>>;
  signal?: AbortSignal | undefined;
  /** Called with each line of standard output as it comes. */
  onLine?: (line: string) => void;
}>;

/** Login shells of ordinary users leave the folders of the system's own tools out. */
export const searchPath = `${process.env['PATH'] ?? '/usr/bin:/bin'}:/usr/sbin:/sbin`;

/**
 * Runs a program to its end and answers what it wrote to standard output.
 * @throws a sentence with the end of its standard error when it fails; the signal's reason when it was stopped
 */
export async function run(file: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { cwd, env, signal, onLine } = options;
  signal?.throwIfAborted();
  const child = spawn(file, args, {
    cwd,
    env: { ...process.env, PATH: searchPath, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = (): boolean => child.kill('SIGKILL');
  signal?.addEventListener('abort', stop);

  let output = '';
  let unread = '';
  let complaints = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    const lines = (unread + text).split('\n');
    unread = lines.pop() ?? '';
    for (const line of lines) onLine?.(line);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-4000);
  });

  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject).on('close', resolve);
    });
    signal?.throwIfAborted();
    if (code === 0) return output;
    const reason = complaints
      .trim()
      .split('\n')
      .slice(-6)
      .map((line) => line.slice(0, 300))
      .join(' / ');
    throw new Error(`${file} ended with ${code === null ? 'a signal' : `code ${code}`}: ${reason}`);
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

const containment = words(`
  --pdeathsig KILL unshare --mount --propagation private --pid --fork --kill-child --mount-proc
`);

/**
 * Like run(), in mount and process namespaces that end together with it and with us: whatever the program started is
 * killed and whatever it mounted is gone, even when we die without a word. Needs root.
 */
export const runContained = (file: string, args: readonly string[], options: CommandOptions = {}): Promise<string> =>
  run('setpriv', [...containment, file, ...args], options);
