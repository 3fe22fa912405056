import { readFileSync } from 'node:fs';
import type { Server, ServerOptions } from 'node:http';

/** A connection on which nothing comes, or a byte a second, ends by itself; so does one whose other end is no more. */
export const impatient: ServerOptions = {
  headersTimeout: 10_000,
  connectionsCheckingInterval: 1_000,
  keepAlive: true,
  keepAliveInitialDelay: 30_000,
  // Node refuses a request without one by itself, in words that are not ours.
  requireHostHeader: false,
};

/** Files that are not connections of askers: databases, disks of simulated hosts, logs, and what Node itself needs. */
const RESERVED = 128;
const LEAST = 16;
const MOST = 10_000;
/** From this share on, who comes is told that it is crowded; at all of it, there is not even a file left to say so. */
const CROWDED = 0.75;

/**
 * Keeps the connections of askers below what the process may have open, so that it never fails to open what it needs to serve
 * those who are there.
 */
export class Connections {
  #open = 0;

  constructor(private readonly most = mostFor(openFilesLimit())) {}

  /** Counts the connections of a server from now on, and ends those for which there is no room at once. */
  bound(server: Server): void {
    server.on('connection', (socket) => {
      this.#open += 1;
      socket.once('close', () => (this.#open -= 1));
      if (this.#open > this.most) socket.destroy();
    });
  }

  /** Whether who comes now has to be told to come again, and its connection to be given back. */
  get isCrowded(): boolean {
    return this.#open > CROWDED * this.most;
  }
}

export const mostFor = (openFiles: number): number => Math.min(MOST, Math.max(LEAST, openFiles - RESERVED));

/** How many files this process may have open. */
const openFilesLimit = (): number => {
  try {
    const limit = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return limit === undefined ? Infinity : Number(limit);
  } catch {
    return Infinity; // There is no such file on this system: then we are not the ones to know a bound.
  }
};
