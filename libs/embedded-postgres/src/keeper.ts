import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { stopOrphan } from './orphan.js';
import { guardOf, PATIENCE, serve } from './server.js';
import type { Place, Running } from './server.js';

/** From one try to the next: at first, doubled each time, and at most. */
const AGAIN_MS = 50;
const AGAIN_MAX_MS = 2_000;

/**
 * Keeps one server after another running on one port. Whatever ends it (a kill, a crash that it does not recover from by
 * itself, a disk that was full) is followed by the next start, tried until it works: its clients have to connect anew, and
 * need do nothing else.
 */
export class Keeper {
  #guard: ChildProcess;
  #isStopping = false;
  #ended: Promise<void>;
  #following: Promise<void> = Promise.resolve();

  static async start(place: Place, port: number, tell: (line: string) => void): Promise<Keeper> {
    return new Keeper(place, await serve(place, port), tell);
  }

  private constructor(
    private readonly place: Place,
    private running: Running,
    private readonly tell: (line: string) => void,
  ) {
    [this.#guard, this.#ended] = this.#watch(running);
  }

  get port(): number {
    return this.running.port;
  }

  get pid(): number {
    return this.running.pid;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#following;
    this.#guard.kill();
    const { process: server } = this.running;
    const late = setTimeout(() => server.kill('SIGQUIT'), PATIENCE / 3);
    if (isAlive(server)) {
      server.ref();
      server.kill('SIGINT');
      await this.#ended;
    }
    clearTimeout(late);
  }

  #watch({ process: server, pid }: Running): [ChildProcess, Promise<void>] {
    const guard = guardOf(pid, this.place.user);
    const ended = new Promise<void>((resolve) => {
      const follow = () => {
        // Its number may soon be somebody else's.
        guard.kill();
        if (!this.#isStopping) {
          this.#following = this.#follow(`PostgreSQL has ended (${server.signalCode ?? server.exitCode})`);
        }
        resolve();
      };
      if (isAlive(server)) server.once('exit', follow);
      else follow();
    });
    server.unref();
    return [guard, ended];
  }

  async #follow(what: string): Promise<void> {
    this.tell(`${what}: it is started again`);
    const began = performance.now();
    for (let wait = AGAIN_MS; !this.#isStopping; wait = Math.min(2 * wait, AGAIN_MAX_MS)) {
      try {
        // Children of a killed server may live a moment longer, and a file of its own say that it does.
        await stopOrphan(join(this.place.folder, 'data'));
        const next = await serve(this.place, this.port);
        this.running = next;
        [this.#guard, this.#ended] = this.#watch(next);
        return this.tell(`PostgreSQL is back after ${Math.round(performance.now() - began)} ms`);
      } catch (error) {
        if (wait < AGAIN_MAX_MS) this.tell(error instanceof Error ? error.message : String(error));
        await pause(wait, undefined, { ref: false });
      }
    }
  }
}

const isAlive = ({ exitCode, signalCode }: ChildProcess) => exitCode === null && signalCode === null;
