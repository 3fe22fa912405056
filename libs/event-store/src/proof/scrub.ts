import { Logger } from '@nestjs/common';
import type { Clock } from '../clock.js';
import type { Damage } from './damage.js';
import { MOST_FAULTS } from './fault.js';
import type { Found } from './fault.js';
import { verify, verifyTail } from './verify.js';
import type { Verifiable, Verification } from './verify.js';

type Parts = Verifiable & Readonly<{ damage: Damage; clock: Clock }>;

/** How many events a start looks at before it serves; it takes some tenths of a second. */
const TAIL = 20_000;
/** Of its time it works one part and rests so many: nobody shall notice it. */
const REST = 19;
const EVERY_MS = 24 * 3_600_000;

/** Looks over a log that serves: what came since the last checkpoint at once, then all of it, slowly, every day. */
export class Scrub {
  readonly #logger: Logger;
  #callOff: () => void = () => {};
  #isClosed = false;
  #going: Promise<void> = Promise.resolve();

  /** Resolves when the newest part was looked at. */
  static async start(parts: Parts): Promise<Scrub> {
    const scrub = new Scrub(parts);
    await scrub.#report(await verifyTail(parts, TAIL));
    scrub.#going = scrub.#all();
    return scrub;
  }

  private constructor(private readonly parts: Parts) {
    this.#logger = new Logger(`log ${parts.name}`);
  }

  /** At full speed, for somebody who waits. */
  async *verify(): AsyncGenerator<Verification> {
    for await (const step of verify(this.parts)) {
      if ('verified' in step) await this.#report(step.verified);
      yield step;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#callOff();
    await this.#going;
  }

  async #all(): Promise<void> {
    try {
      let began = performance.now();
      for await (const step of this.verify()) {
        if (this.#isClosed) return;
        if ('progress' in step) await this.#rest((performance.now() - began) * REST);
        began = performance.now();
      }
    } catch (error) {
      // A database that is away is looked over another time.
      this.#logger.warn(`was not looked over: ${String(error)}`);
    }
    if (!this.#isClosed) this.#callOff = this.parts.clock.after(EVERY_MS, () => (this.#going = this.#all()));
  }

  async #report({ faults, more }: Found): Promise<void> {
    if (faults.length === 0) return;
    const broken = await this.parts.ledger.brokenStreams(MOST_FAULTS);
    for (const { from, to, streams, what } of this.parts.damage.add(faults, broken)) {
      const where = from === to ? `event ${from}` : `events ${from} to ${to}`;
      this.#logger.error(`${where}${streams.length > 0 ? ` (${streams.join(', ')})` : ''}: ${what}`);
    }
    if (more > 0) this.#logger.error(`and ${more} faults more`);
  }

  #rest(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const callOff = this.parts.clock.after(milliseconds, resolve);
      this.#callOff = () => {
        callOff();
        resolve();
      };
    });
  }
}
