import { OURS, PLAIN } from '../contenders/all.js';
import { short } from '../figure.js';
import type { Latency, Standing } from '../figure.js';
import { titleOf } from '../log/comparison.js';
import { markup } from './markup.js';
import type { Markup } from './markup.js';

const ROW = 24;
const LABEL = 230;
const BAR = 260;
const VALUE = 90;
const WIDTH = LABEL + 2 * (BAR + VALUE);

const kindOf = ({ name }: Standing) => (name === OURS ? 'ours' : name === PLAIN ? 'floor' : 'peer');

/** A row for each contender: how many events a second, each round as a dot, and what an event costs in client and server. */
export const standingsPlot = (standings: readonly Standing[]): Markup => {
  const sorted = standings.toSorted((a, b) => b.perSecond - a.perSecond);
  const most = Math.max(...sorted.flatMap(({ perSecond, rounds }) => [perSecond, ...rounds]));
  const dearest = Math.max(...sorted.map(({ clientMicros, serverMicros }) => clientMicros + serverMicros));
  const height = ROW * (sorted.length + 1) + 6;
  const right = LABEL + BAR + VALUE;
  const rows = sorted.map((it, index) => {
    const y = ROW * (index + 1);
    const rate = (it.perSecond / most) * BAR;
    const client = (it.clientMicros / dearest) * BAR;
    const server = (it.serverMicros / dearest) * BAR;
    const dots = it.rounds.map(
      (round) => markup`<circle class="round" cx="${LABEL + (round / most) * BAR}" cy="${y + 9}" r="2.5"/>`,
    );
    return markup`
      <g class="${kindOf(it)}">
        <text x="${LABEL - 8}" y="${y + 13}" text-anchor="end">${titleOf(it)}<title>${it.package ?? titleOf(it)}</title></text>
        <rect class="rate" x="${LABEL}" y="${y + 2}" width="${rate}" height="14"/>
        ${dots}
        <text x="${LABEL + BAR + 6}" y="${y + 13}">${short(it.perSecond)}</text>
        <rect class="client" x="${right}" y="${y + 2}" width="${client}" height="14"/>
        <rect class="server" x="${right + client}" y="${y + 2}" width="${server}" height="14"/>
        <text x="${right + client + server + 6}" y="${y + 13}">${short(it.clientMicros)} + ${short(it.serverMicros)}</text>
      </g>`;
  });
  return markup`
    <svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Events a second and processor time of each contender">
      <text class="axis" x="${LABEL}" y="14">events a second (each round a dot)</text>
      <text class="axis" x="${right}" y="14">CPU µs per event: client + server</text>
      ${rows}
    </svg>`;
};

const PLOT = { left: 60, top: 12, width: 520, height: 170 };

/** The share of all against the time that it did not exceed; times on a scale of powers of ten. */
export const latencyPlot = ({ percentiles }: Latency): Markup => {
  const { left, top, width, height } = PLOT;
  const times = percentiles.map(([, ms]) => Math.max(ms, 0.1));
  const [low, high] = [Math.floor(Math.log10(Math.min(...times))), Math.ceil(Math.log10(Math.max(...times)))];
  const x = (index: number) => left + (index / Math.max(1, percentiles.length - 1)) * width;
  const y = (ms: number) => top + height - ((Math.log10(ms) - low) / Math.max(1, high - low)) * height;
  const lines = Array.from({ length: high - low + 1 }, (_, index) => {
    const ms = 10 ** (low + index);
    return markup`
      <line class="grid" x1="${left}" x2="${left + width}" y1="${y(ms)}" y2="${y(ms)}"/>
      <text class="axis" x="${left - 6}" y="${y(ms) + 4}" text-anchor="end">${String(ms)} ms</text>`;
  });
  const points = times.map((ms, index) => `${x(index).toFixed(1)},${y(ms).toFixed(1)}`).join(' ');
  const marks = percentiles.map(([share], index) => {
    const ms = times[index] ?? 0;
    return markup`
      <circle class="mark" cx="${x(index)}" cy="${y(ms)}" r="3"/>
      <text x="${x(index)}" y="${y(ms) - 7}" text-anchor="middle">${short(ms)}</text>
      <text class="axis" x="${x(index)}" y="${top + height + 18}" text-anchor="middle">${shareOf(share)}</text>`;
  });
  return markup`
    <svg viewBox="0 0 ${left + width + 40} ${top + height + 30}" role="img" aria-label="Latency by share of requests">
      ${lines}<polyline class="curve" points="${points}"/>${marks}
    </svg>`;
};

const shareOf = (share: number) => (share === 1 ? 'max' : `${Number((share * 100).toPrecision(4))} %`);
