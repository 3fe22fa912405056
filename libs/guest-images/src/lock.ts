import { spawn } from 'node:child_process';
import { searchPath } from './command.js';

/**
 * Does the work while no other process holds the lock on the file. The kernel keeps the lock for a child that reads
 * from us, so it is given back however we end.
 */
export async function whileLocked<T>(file: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
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
      void ended.then(() => reject(new Error(`cannot lock ${file}`)));
    });
    signal.throwIfAborted();
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', giveUp);
    child.stdin.end();
    await ended;
  }
}
