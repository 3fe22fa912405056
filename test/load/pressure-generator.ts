import { argv } from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { Asker } from './asker.js';
import type { Pressure, Result } from './pressure.js';

/*
 * Presses on a server from a process of its own, so that neither is in the other's way. `callers`: a closed loop, each asks
 * again as soon as it was answered, which finds out how much can be done. `perSecond`: an open loop, as people do who know
 * nothing of each other: requests leave when they are due, whatever became of the ones before.
 */

const told = JSON.parse(argv[2] ?? '') as Pressure; // Started by us, with an argument made by us.
const { seconds, prefix } = told;
const asker = new Asker(told, { connections: 4_000, patienceMs: 20_000 });

const acceptedMs: number[] = [];
const refusedMs: number[] = [];
const statuses: Record<string, number> = {};
const acceptedIn: number[] = Array.from({ length: seconds }, () => 0);
let lateMs = 0;
let number = 0;

const began = performance.now();

const ask = async (due: number): Promise<void> => {
  const name = `${prefix}-${(number += 1)}`;
  const body = { name, image: 'tiny', vcpus: 16, memoryMiB: 128, diskGiB: 1 };
  const answer = await asker.ask({ method: 'POST', path: '/v1/instances', body, key: name }).catch(() => undefined);
  const now = performance.now();
  const status = String(answer?.status ?? 'none');
  statuses[status] = (statuses[status] ?? 0) + 1;
  if (status === '202') {
    acceptedMs.push(now - due);
    const second = Math.floor((now - began) / 1000);
    if (second < seconds) acceptedIn[second] = (acceptedIn[second] ?? 0) + 1;
  } else if (status === '429' || status === '503') refusedMs.push(now - due);
};

const end = began + seconds * 1000;
if ('callers' in told) {
  const caller = async () => {
    while (performance.now() < end) await ask(performance.now());
  };
  await Promise.all(Array.from({ length: told.callers }, caller));
} else {
  const asked: Promise<void>[] = [];
  for (let index = 0; index < told.perSecond * seconds; index++) {
    const due = began + (index * 1000) / told.perSecond;
    if (due > performance.now()) await pause(due - performance.now());
    lateMs = Math.max(lateMs, performance.now() - due);
    asked.push(ask(performance.now()));
  }
  await Promise.all(asked);
}
asker.close();
const result: Result = { acceptedMs, refusedMs, statuses, acceptedIn, lateMs };
process.stdout.write(`${JSON.stringify(result)}\n`);
