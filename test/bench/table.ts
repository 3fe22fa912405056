import { short } from './figure.js';
import type { Figure } from './figure.js';

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
  const notes = figures.map(({ note }) => note);
  return [text(head), ...lines.flatMap((line, index) => [text(line), `    ${notes[index]}`])].join('\n');
};
