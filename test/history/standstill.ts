import type { AppendGroup, EventLog } from '@strata/event-store';
import { until } from '../platform.js';

/** Holds back whatever is about to be added to a log, so that the world can be looked at while nothing happens in it. */
export class Standstill {
  #underWay = 0;
  #open: Promise<void> = Promise.resolve();
  #go = () => {};

  constructor(private readonly log: EventLog) {
    const append = log.appendAll.bind(log);
    log.appendAll = async (group: AppendGroup) => {
      await this.#open;
      this.#underWay++;
      try {
        return await append(group);
      } finally {
        this.#underWay--;
      }
    };
  }

  /**
   * Looks at the world at a position and a time: the time lies behind everything that was stored, and before everything
   * that will be.
   */
  async while<T>(look: (position: number, time: string) => Promise<T>): Promise<T> {
    this.#open = new Promise((resolve) => (this.#go = resolve));
    try {
      await until('nothing is under way', async () => this.#underWay === 0);
      const position = await this.log.head();
      const [last] = await this.log.readAt([position]);
      const passed = (time: string) => until('time has passed', async () => new Date().toISOString() > time);
      await passed(last?.recordedAt ?? '');
      const time = new Date().toISOString();
      const seen = await look(position, time);
      await passed(time);
      return seen;
    } finally {
      this.#go();
    }
  }
}
