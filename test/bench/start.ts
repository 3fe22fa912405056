import type { Measurement } from './bench.js';
import { CloudProcess, makeFolder } from './cloud-process.js';
import { atMost, median, short } from './figure.js';

const ROUNDS = 3;
const LIMIT = 10;

/** From the start of the server's process until it serves, in a home that it knows. */
export const measureStart: Measurement = async (conditions) => {
  const home = await makeFolder(conditions.ends);
  const seconds = async () => {
    const cloud = await CloudProcess.start({ home, hypervisor: 'simulated' }, conditions);
    await cloud.stop();
    return cloud.startMs / 1000;
  };
  const first = await seconds();
  const later: number[] = [];
  for (let round = 0; round < ROUNDS; round++) later.push(await seconds());
  return [
    atMost(LIMIT, {
      name: 'start to ready',
      unit: 's',
      ours: median(later),
      versus: 'limit',
      theirs: LIMIT,
      note: `the first start, which makes the database, took ${short(first)}`,
    }),
  ];
};
