import { setTimeout as pause } from 'node:timers/promises';
import type { Asker } from '../load/asker.js';
import { isHonest } from '../load/player.js';

const EVERY_MS = 20;

/** Reads all the time, as a portal that is left open does, and remembers what it was told. */
export class Prober {
  readonly statuses = new Map<number | 'none', number>();
  readonly surprises: string[] = [];
  #isProbing = true;
  readonly #ended: Promise<void>;

  constructor(
    private readonly asker: Asker,
    private readonly path = '/v1/instances?pageSize=10',
  ) {
    this.#ended = this.#probe();
  }

  async stop(): Promise<void> {
    this.#isProbing = false;
    await this.#ended;
  }

  async #probe(): Promise<void> {
    while (this.#isProbing) {
      const answer = await this.asker.ask({ method: 'GET', path: this.path }).catch(() => undefined);
      const status = answer?.status ?? 'none';
      this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
      if (answer && answer.status !== 200 && !isHonest(answer)) this.surprises.push(`${answer.status} ${answer.text}`);
      await pause(EVERY_MS);
    }
  }
}
