import type { Recorded } from '@strata/event-store';
import { MemoryEventStore } from '@strata/event-store';
import { TestPlatform } from '../../platform.js';

/** What happened to a few instances, told by the real rules, processes and agents. */
export type Recording = Readonly<{
  /** What happens once in a cloud's life: hosts, networks, flavors, the image. */
  before: readonly Recorded[];
  /** What happens again and again. */
  again: readonly Recorded[];
}>;

const INSTANCES = 40;
const HOSTS = 4;
const SIMULTANEOUS = 10;

/** So that names can be told from other words when they are changed. */
export const nameOf = (number: number) => `bench-${String(number).padStart(6, '0')}`;

/**
 * A cloud in memory whose instances are created; of ten, two are restarted, one is stopped, one paused and resumed, and
 * six are deleted in the end.
 */
export const record = async (): Promise<Recording> => {
  const store = new MemoryEventStore();
  const platform = await TestPlatform.create({ store, hosts: HOSTS });
  try {
    await platform.create(nameOf(0));
    const begins = await store.log.head();
    const numbers = Array.from({ length: INSTANCES }, (_, index) => index + 1);
    for (let at = 0; at < numbers.length; at += SIMULTANEOUS) {
      await Promise.all(numbers.slice(at, at + SIMULTANEOUS).map((number) => live(platform, number)));
    }
    const events = await store.log.read(0, await store.log.head());
    return { before: events.slice(0, begins), again: events.slice(begins) };
  } finally {
    await platform.close();
  }
};

const live = async (platform: TestPlatform, number: number) => {
  const path = `/v1/instances/${nameOf(number)}`;
  await ended(platform.create(nameOf(number)));
  const verbs: Readonly<Record<number, readonly string[]>> = { 1: ['reboot'], 2: ['reboot'], 3: ['stop'] };
  for (const verb of number % 10 === 4 ? ['pause', 'resume'] : (verbs[number % 10] ?? [])) {
    await ended(platform.operate('POST', `${path}/${verb}`, {}));
  }
  if (number % 10 >= 4) await ended(platform.operate('DELETE', path));
};

const ended = async (operating: ReturnType<TestPlatform['operate']>) => {
  const { id, status, statusReason } = await operating;
  if (status !== 'succeeded') throw new Error(`${id} is ${status}: ${statusReason}`);
};
