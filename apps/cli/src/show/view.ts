import { harmless } from './harmless.js';

/** The names of a thing's fields, one level deep: `name`, `capacity.vcpus`. */
export type Field<T> = {
  [K in keyof T & string]: NonNullable<T[K]> extends readonly unknown[]
    ? K
    : NonNullable<T[K]> extends object
      ? K | `${K}.${keyof NonNullable<T[K]> & string}`
      : K;
}[keyof T & string];

/** How a kind of thing is shown: the heading of each column with the field below it, and the field that names it. */
export type View = Readonly<{
  columns: Readonly<Record<string, string>>;
  name: string;
  /** The rows of a table that one answer makes; without it, one row. */
  rows?: (answer: unknown) => readonly unknown[];
}>;

export const viewOf = <T>(columns: Readonly<Record<string, Field<T>>>, name: Field<T>): View => ({ columns, name });

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value of a field; undefined where there is none. */
export const fieldOf = (thing: unknown, field: string): unknown =>
  field.split('.').reduce<unknown>((value, key) => (isRecord(value) ? value[key] : undefined), thing);

const plain = (value: unknown): string => {
  if (value === null || value === undefined || value === '') return '-';
  if (Array.isArray(value) && value.some(isRecord)) return value.map((it) => JSON.stringify(it)).join(' ');
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(plain).join(',');
  if (!isRecord(value)) return typeof value === 'string' ? value : JSON.stringify(value);
  const pairs = Object.entries(value).map(([key, it]) => `${key}=${plain(it)}`);
  return pairs.length === 0 ? '-' : pairs.join(' ');
};

/** A value in one cell of a table. */
export const cellOf = (value: unknown): string => harmless(plain(value));
