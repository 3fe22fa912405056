import { cpus, totalmem } from 'node:os';
import { short } from '../figure.js';
import type { Figure } from '../figure.js';
import { markup } from './markup.js';
import type { Markup } from './markup.js';
import { latencyPlot, standingsPlot } from './plots.js';

/** What the figures were taken on, in one line. */
export const thisMachine = (): string => {
  const [first] = cpus();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return `${new Date().toISOString()}, ${cpus().length} × ${first?.model.trim() ?? 'processor'}, ${memory}, Node ${process.version}`;
};

/** All figures as one page that needs nothing else: no network, no script. */
export const pageOf = (figures: readonly Figure[], machine: string): string => {
  const missed = figures.filter(({ met }) => met === false).length;
  const goals = figures.filter(({ goal }) => goal !== null).length;
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Strata, measured</title>
<style>${{ markup: STYLE }}</style>
</head>
<body>
<h1>Strata, measured</h1>
<p>${machine}</p>
<p>${goals - missed} of ${goals} goals met. Ratios are ours divided by theirs; everybody ran in turns, medians are shown.</p>
<table>
<thead><tr><th>figure</th><th>ours</th><th>versus</th><th>theirs</th><th>ratio</th><th>goal</th><th>met</th></tr></thead>
<tbody>${figures.map(rowOf)}</tbody>
</table>
${figures.map(plotOf)}
</body>
</html>
`;
  return page.markup;
};

const rowOf = ({ name, ours, unit, versus, theirs, ratio, goal, met, note }: Figure): Markup => markup`
<tr class="${met === null ? 'known' : met ? 'met' : 'missed'}">
<td>${name}<small>${note}</small></td>
<td class="number">${short(ours)} ${unit}</td>
<td>${versus}</td>
<td class="number">${theirs === null ? 'missing' : short(theirs)}</td>
<td class="number">${ratio === null ? '' : short(ratio)}</td>
<td>${goal ?? ''}</td>
<td>${met === null ? '' : met ? 'yes' : 'no'}</td>
</tr>`;

const plotOf = ({ name, standings, latency }: Figure): Markup => {
  const plots = [...(standings ? [standingsPlot(standings)] : []), ...(latency ? [latencyPlot(latency)] : [])];
  return plots.length === 0 ? markup`` : markup`<section><h2>${name}</h2>${plots}</section>`;
};

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2733; --paper: #fff; --line: #d5dbe1; --ours: #0a7d5a; --floor: #6b7785;
  --peer: #b8c2cc; --server: #d98a1f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaee; --paper: #14191f; --line: #333d47; --ours: #2fc795;
  --floor: #93a0ad; --peer: #566370; --server: #e0a04a; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 70rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.05rem; margin: 2.5rem 0 .5rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
small { display: block; opacity: .75; }
tr.missed td:last-child { color: #c0362c; font-weight: 700; } tr.met td:last-child { color: var(--ours); }
svg { width: 100%; max-width: 62rem; height: auto; font-size: 12px; }
svg text { fill: var(--ink); } svg .axis { opacity: .7; }
.ours .rate { fill: var(--ours); } .floor .rate { fill: var(--floor); } .peer .rate { fill: var(--peer); }
.client { fill: var(--peer); } .ours .client { fill: var(--ours); } .floor .client { fill: var(--floor); }
.server { fill: var(--server); } .round, .mark { fill: var(--ink); }
.grid { stroke: var(--line); } .curve { fill: none; stroke: var(--ours); stroke-width: 2; }
`;
