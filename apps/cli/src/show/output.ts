import { styleText } from 'node:util';
import type { Globals, Io } from '../io.js';
import { escaped, isHarmless } from './harmless.js';
import { aligned } from './table.js';
import type { View } from './view.js';
import { cellOf, fieldOf } from './view.js';

const colours = {
  running: 'green',
  succeeded: 'green',
  available: 'green',
  active: 'green',
  up: 'green',
  ok: 'green',
  error: 'red',
  failed: 'red',
  bad: 'red',
  unknown: 'yellow',
  warn: 'yellow',
  undoing: 'yellow',
} as const;

const colourOf = (word: string) => (Object.hasOwn(colours, word) ? colours[word as keyof typeof colours] : undefined); // Own key checked just before.

/** Colours a word that says how things are; plain when nobody looks or NO_COLOR asks for it. */
export const paint = ({ stdout, env }: Io, word: string): string => {
  const colour = stdout.isTTY === true && !env['NO_COLOR'] ? colourOf(word) : undefined;
  return colour ? styleText(colour, word, { validateStream: false }) : word;
};

const table = (io: Io, things: readonly unknown[], { columns }: View): string => {
  const rows = things.map((thing) => Object.values(columns).map((field) => paint(io, cellOf(fieldOf(thing, field)))));
  return aligned([Object.keys(columns), ...rows]);
};

const fields = (io: Io, thing: unknown): string =>
  aligned(Object.entries(thing ?? {}).map(([name, value]) => [name, paint(io, cellOf(value))]));

/** As people write it; where something in it would move a cursor, in quotes that can say so in letters. */
export const yamlOf = async (answer: unknown): Promise<string> => {
  const { stringify } = await import('yaml');
  const text = stringify(answer);
  return isHarmless(text.replaceAll('\n', ''))
    ? text
    : escaped(stringify(answer, { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'QUOTE_DOUBLE' }));
};

/** Writes an answer in the form that was asked for; `layout` says how a person sees it. */
export const print = async (
  io: Io,
  { output }: Pick<Globals, 'output'>,
  answer: unknown,
  view: View,
  layout: 'rows' | 'fields' = 'rows',
): Promise<void> => {
  const things: readonly unknown[] = Array.isArray(answer) ? answer : [answer];
  const rows = view.rows ? things.flatMap(view.rows) : things;
  switch (output) {
    case 'json':
      return void io.stdout.write(`${escaped(JSON.stringify(answer, null, 2))}\n`);
    case 'yaml':
      return void io.stdout.write(await yamlOf(answer));
    case 'name':
      return void io.stdout.write(things.map((thing) => `${cellOf(fieldOf(thing, view.name))}\n`).join(''));
    case 'table':
      return void io.stdout.write(layout === 'fields' && !view.rows ? fields(io, answer) : table(io, rows, view));
  }
};
