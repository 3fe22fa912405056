import type { Endpoint } from '@strata/contracts';
import { problem } from '@strata/http';
import type { Headroom, ProblemError } from '@strata/http';
import { statfs } from 'node:fs/promises';

const MIB = 1024 * 1024;
const LOOK_MS = 1_000;

/** The log grows in pieces of 16 MiB, and a database that finds no room for the next one stops. */
const LEAST_FREE = 64 * MIB;
const MOST_KEPT_FREE = 1024 * MIB;
const SHARE_KEPT_FREE = 0.05;

/** Behind for so long with what was accepted, nothing more is begun: it would only wait, and make all others wait. */
const LATE_FOR_MS = 1_000;

/** Made once: it is told often, and its stack would be the dearest part of telling it. */
const BEHIND = problem('service.overloaded', 'what was asked before is still waiting to be carried out');

type Behind = Readonly<{ lateForMs: number }>;

/** Refuses more in time: before the disk of the home is full, and before what was accepted piles up. */
export class SoloHeadroom implements Headroom {
  #free: Readonly<{ is: number; least: number }> | undefined;
  #processes: Behind = { lateForMs: 0 };
  readonly #timer: NodeJS.Timeout;

  constructor(private readonly home: string) {
    this.#timer = setInterval(() => void this.#look(), LOOK_MS).unref();
  }

  /** From now on, those who carry out what was accepted are watched as well. */
  watch(processes: Behind): void {
    this.#processes = processes;
  }

  obstacleTo({ method, status }: Pick<Endpoint, 'method' | 'status'>): ProblemError | undefined {
    if (method === 'get') return undefined;
    // What is deleted makes room.
    const narrowness = this.#narrowness();
    if (narrowness !== undefined && method !== 'delete') return problem('storage.full', narrowness);
    if (status === 202 && this.#processes.lateForMs > LATE_FOR_MS) {
      return BEHIND;
    }
    return undefined;
  }

  /** For whoever asks how the platform is. @throws a sentence that says what there is no room for */
  async check(): Promise<void> {
    const narrowness = this.#narrowness();
    if (narrowness !== undefined) throw new Error(narrowness);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #narrowness(): string | undefined {
    if (!this.#free || this.#free.is >= this.#free.least) return undefined;
    const [is, least] = [this.#free.is, this.#free.least].map((bytes) => Math.floor(bytes / MIB));
    return `${is} MiB are left on the disk of the home, and below ${least} nothing is begun`;
  }

  async #look(): Promise<void> {
    try {
      const { bavail, blocks, bsize } = await statfs(this.home);
      const least = Math.min(MOST_KEPT_FREE, Math.max(LEAST_FREE, SHARE_KEPT_FREE * blocks * bsize));
      this.#free = { is: bavail * bsize, least };
    } catch {
      // A home that cannot be looked at is told of by whoever writes to it.
      this.#free = undefined;
    }
  }
}
