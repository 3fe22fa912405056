type Labels = Readonly<Record<string, string>>;
export type Sample = Readonly<{ suffix?: '_bucket' | '_sum' | '_count'; labels?: Labels; value: number }>;
export type Metric = Readonly<{
  name: string;
  help: string;
  type: 'gauge' | 'counter' | 'histogram';
  samples: readonly Sample[];
}>;

/** https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format */
export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export const expositionOf = (metrics: readonly Metric[]): string =>
  metrics
    .map((metric) => `${[...header(metric), ...metric.samples.map((it) => line(metric, it))].join('\n')}\n`)
    .join('');

const header = ({ name, help, type }: Metric) => [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];

const line = ({ name }: Metric, { suffix, labels = {}, value }: Sample) => {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
  return `${name}${suffix ?? ''}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}`;
};

const escaped = (text: string) => text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
