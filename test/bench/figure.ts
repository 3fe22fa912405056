/** One line of the result: ours beside a peer's or a limit, taken in the same run wherever the peer can run here. */
export type Figure = Readonly<{
  name: string;
  unit: string;
  ours: number;
  /** Whom or what ours stands beside. */
  versus: string;
  /** `null` where it could not be measured here. */
  theirs: number | null;
  /** Ours divided by theirs. */
  ratio: number | null;
  /** `null` for what is only to be known, such as a single caller's rate beside that of thirty-two. */
  goal: string | null;
  met: boolean | null;
  /** What one must know to read it: spread, processor time, conditions. */
  note: string;
  /** Everybody who was measured for it, for the page of plots. */
  standings?: readonly Standing[];
  /** How long it took, for the page of plots. */
  latency?: Latency;
}>;

/** What one contender came to, over all rounds. */
export type Standing = Readonly<{
  name: string;
  /** In which of its ways, where it has several. */
  way: string | null;
  /** Its package and version. */
  package: string | null;
  /** How many there were in a round, at least. */
  events: number;
  /** Events a second: the median of the rounds, and each of them. */
  perSecond: number;
  rounds: readonly number[];
  /** Processor time of an event in microseconds, in the client and in the server: medians. */
  clientMicros: number;
  serverMicros: number;
}>;

/** Milliseconds that a share of all did not exceed. */
export type Latency = Readonly<{ count: number; percentiles: readonly (readonly [share: number, ms: number])[] }>;

type Measured = Readonly<Pick<Figure, 'name' | 'unit' | 'ours' | 'versus' | 'note' | 'standings' | 'latency'>> &
  Readonly<{ theirs: number }>;

type Goal = Readonly<Pick<Figure, 'goal' | 'met'>>;

const figureOf = ({ note, standings, latency, ...measured }: Measured, goalFor: (ratio: number) => Goal): Figure => {
  const ratio = measured.ours / measured.theirs;
  const more = { ...(standings && { standings }), ...(latency && { latency }) };
  return { ...measured, ratio, ...goalFor(ratio), note, ...more };
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

/** Whoever could not be measured is not thereby beaten. */
export const missing = (measured: Readonly<Pick<Figure, 'name' | 'unit' | 'ours' | 'versus' | 'note'>>): Figure => {
  const { note, ...it } = measured;
  return { ...it, theirs: null, ratio: null, goal: 'to be measured', met: false, note };
};

/** The value that a share of all values does not exceed; NaN when there is none. */
export const percentile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
};

export const median = (values: readonly number[]): number => percentile(values, 0.5);

const SHARES = [0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1];

export const latencyOf = (ms: readonly number[]): Latency => {
  const sorted = ms.toSorted((a, b) => a - b);
  return { count: ms.length, percentiles: SHARES.map((share) => [share, percentile(sorted, share)] as const) };
};

/** Three figures are as many as a measurement on a shared machine is good for. */
export const short = (value: number): string =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
