import type { Metric, Sample } from './exposition.js';

type Labels = Readonly<Record<string, string>>;
type Series = Readonly<{ labels: Labels; counts: number[] }> & { sum: number };

/** Seconds. From an answer out of memory to one that waits for a guest. */
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60];

/** How long things took, as a Prometheus histogram: one series for each set of labels, so keep those few. */
export class Durations {
  readonly #series = new Map<string, Series>();

  observe(labels: Labels, seconds: number): void {
    const series = this.#seriesOf(labels);
    const bucket = BOUNDS.findIndex((bound) => seconds <= bound);
    const index = bucket < 0 ? BOUNDS.length : bucket;
    series.counts[index] = (series.counts[index] ?? 0) + 1;
    series.sum += seconds;
  }

  metric(name: string, help: string): Metric {
    return { name, help, type: 'histogram', samples: [...this.#series.values()].flatMap(samplesOf) };
  }

  #seriesOf(labels: Labels): Series {
    const key = JSON.stringify(labels);
    const known = this.#series.get(key);
    if (known) return known;
    const fresh: Series = { labels, counts: [...BOUNDS.map(() => 0), 0], sum: 0 };
    this.#series.set(key, fresh);
    return fresh;
  }
}

const samplesOf = ({ labels, counts, sum }: Series): readonly Sample[] => {
  let count = 0;
  const buckets = counts.map((inBucket, index): Sample => {
    count += inBucket;
    return { suffix: '_bucket', labels: { ...labels, le: String(BOUNDS[index] ?? '+Inf') }, value: count };
  });
  return [...buckets, { suffix: '_sum', labels, value: sum }, { suffix: '_count', labels, value: count }];
};
