import type { Listing, Page, Scalar, ViewDefinition } from './view-definition.js';
import { byBytes, cursorOf, placeOf } from './view-table.js';

/** jsonb's order of scalars, which a database sorts by. */
const RANK = { object: 0, string: 1, number: 2, boolean: 3 };

type Definition<Row extends object, Column extends string> = Pick<ViewDefinition<Row, Column>, 'columns'>;
type Entry<Row> = readonly [string, Row];
type Place = readonly (Scalar | undefined)[];

/** The rows that a listing asks for, in its order, for those who have all rows in memory. */
export const ordered = <Row extends object, Column extends string>(
  { columns }: Definition<Row, Column>,
  entries: readonly Entry<Row>[],
  { where, within, orderBy = [], direction = 'ascending' }: Listing<Column>,
): readonly Entry<Row>[] => {
  // Object.entries forgets which strings its keys are; they are the columns named in `where`.
  const wanted = Object.entries(where ?? {}) as [Column, Scalar][];
  const sign = direction === 'ascending' ? 1 : -1;
  return entries
    .filter(([key]) => within === undefined || (byBytes(key, within[0]) >= 0 && byBytes(key, within[1]) < 0))
    .filter(([, row]) => wanted.every(([column, value]) => (columns[column](row) ?? null) === value))
    .toSorted(([a, rowA], [b, rowB]) => {
      for (const column of orderBy) {
        const order = compareScalars(columns[column](rowA) ?? null, columns[column](rowB) ?? null);
        if (order !== 0) return sign * order;
      }
      return sign * byBytes(a, b);
    });
};

/** One page of rows in order. */
export const pageIn = <Row extends object, Column extends string>(
  { columns }: Definition<Row, Column>,
  entries: readonly Entry<Row>[],
  { orderBy = [], direction = 'ascending', after, limit = 100 }: Listing<Column>,
): Omit<Page<Row>, 'position'> => {
  const sign = direction === 'ascending' ? 1 : -1;
  const placeAt = ([key, row]: Entry<Row>): Place => [...orderBy.map((column) => columns[column](row) ?? null), key];
  // What is in a cursor was a place when it was given out.
  const start = after === undefined ? undefined : (placeOf(after, orderBy.length + 1) as Place);
  const from = start ? firstIn(entries, (entry) => sign * comparePlaces(placeAt(entry), start) > 0) : 0;
  const page = entries.slice(from, from + limit);
  const last = page.at(-1);
  return {
    rows: page.map(([, row]) => row),
    next: last && entries.length > from + limit ? cursorOf(placeAt(last)) : undefined,
  };
};

/** How many rows have each value of a column. */
export const counted = <Row extends object, Column extends string>(
  { columns }: Definition<Row, Column>,
  rows: Iterable<Row>,
  column: Column,
): ReadonlyMap<Scalar, number> => {
  const counts = new Map<Scalar, number>();
  for (const row of rows) {
    const value = columns[column](row) ?? null;
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return counts;
};

/** The index of the first entry for which it is true, where it stays true from there on. */
const firstIn = <T>(entries: readonly T[], isTrue: (entry: T) => boolean): number => {
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const entry = entries[middle];
    if (entry !== undefined && isTrue(entry)) high = middle;
    else low = middle + 1;
  }
  return low;
};

const comparePlaces = (a: Place, b: Place): number => {
  for (let at = 0; at < a.length; at++) {
    const order = compareScalars(a[at] ?? null, b[at] ?? null);
    if (order !== 0) return order;
  }
  return 0;
};

const compareScalars = (a: Scalar, b: Scalar): number => {
  if (typeof a === 'string' && typeof b === 'string') return byBytes(a, b);
  if (typeof a === typeof b) return Number(a) - Number(b);
  const rank = (it: Scalar) => RANK[typeof it as keyof typeof RANK];
  return rank(a) - rank(b);
};
