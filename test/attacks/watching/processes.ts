import { readFileSync, readdirSync } from 'node:fs';

/** How long the main thread of a process has computed so far, in milliseconds. */
export const cpuMsOf = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;

/** A process and all that it has started, and those in turn. */
export const familyOf = (pid: number): readonly number[] => {
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const parent = parentOf(entry);
    if (parent !== undefined) parents.set(Number(entry), parent);
  }
  const childrenOf = (of: number): readonly number[] =>
    [...parents].flatMap(([child, parent]) => (parent === of ? [child, ...childrenOf(child)] : []));
  return [pid, ...childrenOf(pid)];
};

/** Undefined for one that is gone meanwhile. */
const parentOf = (pid: string): number | undefined => {
  try {
    return Number(/\) \w (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]);
  } catch {
    return undefined;
  }
};
