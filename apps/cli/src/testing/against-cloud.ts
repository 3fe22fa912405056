import type { World } from './command-line.js';
import { strata } from './command-line.js';
import type { Answers } from './fake-cloud.js';
import { FakeCloud } from './fake-cloud.js';
import { begun, building, succeeded, web } from './things.js';

/** Opens a cloud per test, asks it by command lines, and expects at the end that it broke no contract. */
export const againstCloud = () => {
  const clouds: FakeCloud[] = [];
  const now = (): FakeCloud => {
    const cloud = clouds.at(-1);
    if (!cloud) throw new Error('open a cloud first');
    return cloud;
  };
  afterEach(async () => {
    const faults = clouds.flatMap((cloud) => cloud.faults);
    for (const cloud of clouds.splice(0)) await cloud.close();
    expect(faults).toEqual([]);
  });
  return {
    open: async (answers: Answers): Promise<FakeCloud> => {
      clouds.push(await FakeCloud.open(answers));
      return now();
    },
    ask: (argv: readonly string[], world: World = {}) =>
      strata(argv, { ...world, env: { STRATA_API: now().url, STRATA_KEY: 'secret-key', ...world.env } }),
  };
};

/** Answers one after the other; the last one stays. */
export const inTurn = (...answers: unknown[]) => {
  let next = 0;
  return () => answers[Math.min(next++, answers.length - 1)];
};

export const pageOf = (...items: unknown[]) => ({ items, nextPageToken: null });

export const create = ['instance', 'create', 'web-1', '--image', 'tiny', '--flavor', 'small'];

/** What a cloud answers while it makes an instance. */
export const creates = (): Answers => ({
  'instances.create': () => begun,
  'operations.show': inTurn(begun, building, succeeded),
  'instances.show': () => web,
});
