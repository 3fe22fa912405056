import { spawn } from 'node:child_process';
import { searchPath } from './command.js';

/**
 * Waits until no other process holds the lock on a file and holds it until the answer is disposed of.
 * The kernel keeps the lock for a child that reads from us, so it ends with us however we end.
 */
export async function lock(file: string, signal: AbortSignal): Promise<AsyncDisposable> {
  signal.throwIfAborted();
  const child = spawn('flock', ['--exclusive', file, 'sh', '-c', 'echo held; exec cat'], {
    env: { PATH: searchPath },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const giveUp = (): boolean => child.kill();
  signal.addEventListener('abort', giveUp);
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.stdout.once('data', () => resolve());
      void ended.then(() => reject(signal.aborted ? signal.reason : new Error(`cannot lock ${file}`)));
    });
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
  return {
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended;
    },
  };
}
