import { readdir, readFile } from 'node:fs/promises';

/** What a process and everything below it have used so far. */
export type Usage = Readonly<{
  /** Processor seconds of the process itself, in user and system mode. */
  own: number;
  /** The same of all its descendants, also those that have ended and were waited for. */
  below: number;
}>;

/** `proc(5)`: the kernel counts in hundredths of a second. */
const TICKS = 100;

type Stat = Readonly<{ pid: number; parent: number; ticks: number; ticksOfDead: number }>;

/** @throws when the process is not there */
export const usageOf = async (pid: number): Promise<Usage> => {
  const all = await stats();
  const root = all.find((it) => it.pid === pid);
  if (!root) throw new Error(`there is no process ${pid} to measure`);
  const below = descendants(all, pid).reduce((sum, it) => sum + it.ticks + it.ticksOfDead, root.ticksOfDead);
  return { own: root.ticks / TICKS, below: below / TICKS };
};

/** Processor seconds of everything on this machine since it was started, all processors together. */
const busySeconds = async (): Promise<number> => {
  const [, text = ''] = /^cpu +(.+)$/m.exec(await readFile('/proc/stat', 'utf8')) ?? [];
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = text.split(' ').map(Number);
  return (user + nice + system + irq + softirq + steal) / TICKS;
};

/** Answers, when asked, how many processors were kept busy meanwhile by processes that are not ours. */
export const watchOthers = async (): Promise<() => Promise<number>> => {
  const look = async () => {
    const { own, below } = await usageOf(process.pid);
    return { at: performance.now() / 1000, others: (await busySeconds()) - own - below };
  };
  const before = await look();
  return async () => {
    const after = await look();
    return Math.max(0, after.others - before.others) / (after.at - before.at);
  };
};

/** Resident memory of one process, in MiB. */
export const residentMiB = async (pid: number): Promise<number> => {
  const [, kiB] = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
  if (kiB === undefined) throw new Error(`process ${pid} tells no resident memory`);
  return Number(kiB) / 1024;
};

/**
 * Memory of everything below a process, in MiB. Pages that several of them share, as PostgreSQL's buffers are, count once:
 * the kernel's proportional share (PSS) gives each its part.
 */
export const memoryBelowMiB = async (pid: number): Promise<number> => {
  const below = descendants(await stats(), pid);
  const shares = await Promise.all(below.map((it) => proportionalMiB(it.pid)));
  return shares.reduce((sum, share) => sum + share, 0);
};

const proportionalMiB = async (pid: number): Promise<number> => {
  const text = await unlessGone(readFile(`/proc/${pid}/smaps_rollup`, 'utf8'));
  const [, kiB] = /^Pss:\s+(\d+) kB$/m.exec(text ?? '') ?? [];
  return Number(kiB ?? 0) / 1024;
};

const stats = async (): Promise<readonly Stat[]> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const texts = await Promise.all(pids.map((pid) => unlessGone(readFile(`/proc/${pid}/stat`, 'utf8'))));
  return texts.flatMap((text) => (text === undefined ? [] : [statIn(text)]));
};

/** The name of the program stands in brackets and may hold anything; what follows the last one is numbers. */
const statIn = (text: string): Stat => {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (number: number) => Number(fields[number - 3]);
  return {
    pid: Number.parseInt(text, 10),
    parent: field(4),
    ticks: field(14) + field(15),
    ticksOfDead: field(16) + field(17),
  };
};

const descendants = (all: readonly Stat[], pid: number): readonly Stat[] =>
  all.filter((it) => it.parent === pid).flatMap((child) => [child, ...descendants(all, child.pid)]);

/** Processes come and go while one reads about them. */
const unlessGone = <T>(reading: Promise<T>): Promise<T | undefined> =>
  reading.catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
      return undefined;
    throw error;
  });
