/** One line of the result: ours beside a peer's or a limit, taken in the same run wherever the peer can run here. */
export type Figure = Readonly<{
  name: string;
  unit: string;
  ours: number;
  /** Whom or what ours stands beside. */
  versus: string;
  theirs: number;
  /** Ours divided by theirs. */
  ratio: number;
  /** `null` for what is only to be known, such as a single caller's rate beside that of thirty-two. */
  goal: string | null;
  met: boolean | null;
  /** What one must know to read it: spread, processor time, conditions. */
  note: string;
}>;

type Measured = Readonly<Pick<Figure, 'name' | 'unit' | 'ours' | 'versus' | 'theirs' | 'note'>>;

type Goal = Readonly<Pick<Figure, 'goal' | 'met'>>;

const figureOf = ({ note, ...measured }: Measured, goalFor: (ratio: number) => Goal): Figure => {
  const ratio = measured.ours / measured.theirs;
  return { ...measured, ratio, ...goalFor(ratio), note };
};

/** Without a goal. */
export const known = (measured: Measured): Figure => figureOf(measured, () => ({ goal: null, met: null }));

/** The goal is a value of ours. */
export const atMost = (limit: number, measured: Measured): Figure =>
  figureOf(measured, () => ({ goal: `≤ ${limit} ${measured.unit}`, met: measured.ours <= limit }));

/** The goal is a value of ours. */
export const atLeast = (limit: number, measured: Measured): Figure =>
  figureOf(measured, () => ({ goal: `≥ ${limit} ${measured.unit}`, met: measured.ours >= limit }));

/** The goal is how many times theirs ours is. */
export const timesTheirs = (times: number, measured: Measured): Figure =>
  figureOf(measured, (ratio) => ({ goal: `≥ ${times} times`, met: ratio >= times }));

/** The value that a share of all values does not exceed; NaN when there is none. */
export const percentile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
};

export const median = (values: readonly number[]): number => percentile(values, 0.5);

/** Three figures are as many as a measurement on a shared machine is good for. */
export const short = (value: number): string =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
