import { short } from '../figure.js';
import type { Figure, Standing } from '../figure.js';
import { titleOf } from '../log/comparison.js';

/** The figures as people read them: a line each, and what one must know below it. */
export const tableOf = (figures: readonly Figure[]): string => {
  const head = ['figure', 'ours', 'theirs', 'versus', 'ratio', 'goal', 'met'];
  const lines = figures.map(({ name, unit, ours, theirs, versus, ratio, goal, met }) => [
    name,
    `${short(ours)} ${unit}`,
    theirs === null ? 'missing' : short(theirs),
    versus,
    ratio === null ? '' : short(ratio),
    goal ?? '',
    met === null ? '' : met ? 'yes' : 'NO',
  ]);
  const widths = head.map((title, column) =>
    Math.max(...[head, ...lines].map((line) => line[column]?.length ?? title.length)),
  );
  const text = (line: readonly string[]) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  const more = figures.map(({ note, standings = [] }) => [note, ...standingsIn(standings)].map((it) => `    ${it}`));
  return [text(head), ...lines.flatMap((line, index) => [text(line), ...(more[index] ?? [])])].join('\n');
};

const ROW = 116;

/** Everybody who was measured, the fastest first, in as few lines as they need. */
const standingsIn = (standings: readonly Standing[]): readonly string[] => {
  const rows: string[] = [];
  for (const it of standings.toSorted((a, b) => b.perSecond - a.perSecond)) {
    const words = `${titleOf(it)} ${short(it.perSecond)} (${short(it.clientMicros + it.serverMicros)} µs)`;
    const row = rows.at(-1);
    if (row !== undefined && row.length + words.length < ROW) rows.splice(-1, 1, `${row} · ${words}`);
    else rows.push(words);
  }
  return rows;
};
