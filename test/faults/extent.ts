/**
 * How far a test goes. `npm test` has minutes, not hours; `STRATA_FAULTS=full`, which `npm run faults` sets, goes the whole
 * way that its number asks for.
 */
const isFull = process.env['STRATA_FAULTS'] === 'full';

export const extent = <T>({ short, full }: Readonly<{ short: T; full: T }>): T => (isFull ? full : short);

/** mulberry32: small, and the same everywhere. `STRATA_SEED` repeats the moments of a run that failed. */
export const chance = (name: string): (() => number) => {
  let seed = Number(process.env['STRATA_SEED'] ?? Date.now() % 2 ** 31);
  console.log(`${name}: drawn by chance from STRATA_SEED=${seed}`);
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** The value that a share of all values do not exceed: `quantile(times, 0.5)`. */
export const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;
