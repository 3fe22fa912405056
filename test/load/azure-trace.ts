import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/*
 * The azure-v1 trace: which machines people of a public cloud created, and when they removed them. The rules of conversion
 * are those of the README that lies with the traces, integers only, so that every converter comes to the same events.
 */

/** A machine of the trace is created or deleted. */
export type TraceEvent = Readonly<{
  /** Seconds of the trace. */
  t: number;
  kind: 'create' | 'delete';
  /** Which machine: its place in the files, from 0. */
  index: number;
  /** 0 to 199. */
  tenant: number;
  flavor: string;
  vcpus: number;
  memoryMiB: number;
}>;

type Flavor = Readonly<{ vcpus: number; memoryMiB: number }>;
/** The lifetimes of one bin: multiples of 300 s from `low` to `high`. */
type Lifetimes = Readonly<{ low: number; high: number }>;
type Machine = Omit<TraceEvent, 't' | 'kind'> & Readonly<{ born: number; lifetime: number | undefined }>;

/** The first moment of the trace, and the end of its first two hours. */
export const traceBegin = 1_800_000;
export const twoHours = 1_807_200;

/** Beside the checkout, or where `STRATA_TRACES` says. A reason when the trace is not there. */
export const azureTrace = (): Readonly<{ folder: string } | { reason: string }> => {
  const traces = process.env['STRATA_TRACES'] ?? beside();
  const folder = traces === undefined ? undefined : join(traces, 'azure-v1');
  if (folder !== undefined && existsSync(join(folder, 'v1.dev.txt'))) return { folder };
  return { reason: 'the azure-v1 trace is not here: name the folder of the traces in STRATA_TRACES' };
};

/** A work tree of the checkout may lie a folder deeper. */
const beside = (): string | undefined =>
  ['../shared/traces', '../../shared/traces'].map((path) => resolve(path)).find((path) => existsSync(path));

/** All events of the trace, in order; with `before`, the machines created before that second and all that becomes of them. */
export const readAzureTrace = (folder: string, before = Infinity): readonly TraceEvent[] => {
  const machines = machinesIn(folder).filter(({ born }) => born < before);
  return machines
    .flatMap(({ born, lifetime, ...machine }): TraceEvent[] => [
      { ...machine, kind: 'create', t: born },
      ...(lifetime === undefined ? [] : [{ ...machine, kind: 'delete', t: born + lifetime } as const]),
    ])
    .toSorted(inOrder);
};

/** What is hashed to prove a conversion. */
export const canonicalLine = ({ t, kind, index, tenant, flavor, vcpus, memoryMiB }: TraceEvent): string =>
  `${t},${kind},${index},${tenant},${flavor},${vcpus},${memoryMiB}\n`;

const inOrder = (a: TraceEvent, b: TraceEvent): number =>
  a.t - b.t || (a.kind === b.kind ? a.index - b.index : a.kind === 'delete' ? -1 : 1);

const machinesIn = (folder: string): readonly Machine[] => {
  const flavors = flavorsIn(folder);
  const lifetimes = lifetimesIn(folder);
  const ends = tokensIn(folder, 'v1.dev.c2100000.txt').flatMap(({ tokens }) => tokens);
  const machines: Machine[] = [];
  let batch = 0;
  let token = 0;
  for (const { bin, tokens } of tokensIn(folder, 'v1.dev.txt')) {
    const inBin = tokens.filter((it) => it !== '|').length;
    let rank = 0;
    for (const flavor of tokens) {
      const end = known(ends[token++], `the end of machine ${machines.length}`);
      if (flavor === '|') {
        batch += 1;
        continue;
      }
      const index = machines.length;
      const born = bin + Math.floor((300 * rank++) / inBin);
      const size = known(flavors.get(flavor), `the flavor ${flavor}`);
      machines.push({
        index,
        tenant: tenantOf(batch),
        flavor,
        ...size,
        born,
        lifetime: lifetimeOf(end, index, lifetimes),
      });
    }
  }
  return machines;
};

/** The source has batches only; these 200 tenants are unequal, as tenants are. */
const tenantOf = (batch: number): number => {
  const share = ((batch * 2_654_435_761) % 2 ** 32) / 2 ** 32;
  return Math.floor(200 * share * share * share);
};

/** `U5`: it ended, in bin 5. `C5`: it still ran when the trace ended. */
const lifetimeOf = (end: string, index: number, lifetimes: ReadonlyMap<number, Lifetimes>): number | undefined => {
  if (end.startsWith('C')) return undefined;
  const bin = Number(end.slice(1));
  if (bin === 0) return 150;
  if (bin <= 12) return 300 * bin;
  const { low, high } = known(lifetimes.get(bin), `the lifetimes of bin ${bin}`);
  return low + 300 * (index % ((high - low) / 300 + 1));
};

const flavorsIn = (folder: string): ReadonlyMap<string, Flavor> =>
  new Map(
    linesOf(folder, 'flav_map.txt').map((line) => {
      const [size = '', name = ''] = line.split(' ');
      const [vcpus, gib] = size.split(',');
      return [name, { vcpus: Number(vcpus), memoryMiB: Math.trunc(Number(gib) * 1024) }] as const;
    }),
  );

const lifetimesIn = (folder: string): ReadonlyMap<number, Lifetimes> => {
  const bins = new Map<number, Lifetimes>();
  for (const line of linesOf(folder, 'v1.interval_map.txt')) {
    const [seconds = 0, bin = 0] = line.split(' ').map(Number);
    bins.set(bin, { low: bins.get(bin)?.low ?? seconds, high: seconds });
  }
  return bins;
};

const tokensIn = (folder: string, file: string) =>
  linesOf(folder, file).map((line) => {
    const [bin = '', tokens = ''] = line.split(' ');
    return { bin: Number(bin), tokens: tokens.split(',').filter((it) => it !== '') };
  });

const linesOf = (folder: string, file: string): readonly string[] =>
  readFileSync(join(folder, file), 'utf8')
    .split('\n')
    .filter((line) => line !== '');

const known = <T>(it: T | undefined, what: string): T => {
  if (it === undefined) throw new Error(`the trace does not say ${what}`);
  return it;
};
