import { stripVTControlCharacters } from 'node:util';

/** Letters that take two columns of a terminal: East Asian wide and full-width forms, and emoji. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;
const mark = /\p{Mark}/u;

const widthOf = (text: string): number => {
  let width = 0;
  for (const letter of stripVTControlCharacters(text)) width += mark.test(letter) ? 0 : wide.test(letter) ? 2 : 1;
  return width;
};

/** Lays rows of cells out in columns that are as wide as their widest cell, two blanks apart. */
export const aligned = (rows: readonly (readonly string[])[]): string => {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, widthOf(cell))));
  const lineOf = (row: readonly string[]) =>
    row.map((cell, at) => cell + ' '.repeat((widths[at] ?? 0) - widthOf(cell))).join('  ');
  return rows.map((row) => `${lineOf(row).trimEnd()}\n`).join('');
};
