import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { HypervisorError } from '../hypervisor.js';
import type { SimulatedHostOptions } from './simulated-host.js';
import { SimulatedHost } from './simulated-host.js';
import type { Change } from './world.js';
import { World } from './world.js';

/**
 * A simulated host whose world is kept in a file, one change a line: like a real machine it is still there when whoever
 * drove it was killed. What was said to have happened is in the file before it was said.
 */
export const keptHost = (
  file: string,
  options: Omit<SimulatedHostOptions, 'changes' | 'record'> = {},
): SimulatedHost => {
  const changes = worldIn(file).changes();
  mkdirSync(dirname(file), { recursive: true });
  const text = changes.map(line).join('');
  writeFileSync(`${file}.draft`, text);
  renameSync(`${file}.draft`, file);
  let bytes = Buffer.byteLength(text);

  /** A disk that fills up may take half a line: then it is taken back, and nothing has happened. */
  const record = (change: Change): void => {
    const next = line(change);
    try {
      appendFileSync(file, next);
      bytes += Buffer.byteLength(next);
    } catch (error) {
      if (statSync(file, { throwIfNoEntry: false })?.isFile()) truncateSync(file, bytes);
      const why = error instanceof Error ? error.message : String(error);
      throw new HypervisorError('retryable', `the world of a simulated host cannot be written down: ${why}`, {
        cause: error,
      });
    }
  };
  return new SimulatedHost({ ...options, changes, record });
};

const line = (change: Change): string => `${JSON.stringify(change)}\n`;

const worldIn = (file: string): World => {
  const world = new World(() => undefined);
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  // The last piece has no end of line: it is empty, or the machine died while it was being written.
  for (const text of lines.slice(0, -1)) {
    // Every whole line was written by `line` above.
    world.apply(JSON.parse(text) as Change);
  }
  return world;
};
