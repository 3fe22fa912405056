import { PLATFORM } from '@strata/event-sourcing';
import type { Event } from '@strata/event-sourcing';
import type { Recorded } from './event.js';
import { isAbout } from './stream-name.js';

/** What a view can be filtered and ordered by. */
export type Scalar = string | number | boolean | null;

/** A read model as a fold: one row per key, which may be thrown away and folded again at any time. */
export type ViewDefinition<Row extends object, Column extends string, E extends Event = Event> = Readonly<{
  /** Lower case, digits and underscores: part of the table's name. */
  name: string;
  /** Raise it when the fold or the columns change: the new version is folded beside the old one. */
  version?: number;
  /** The kinds of things whose events concern it: `instance`. Left out: all. */
  about?: readonly string[];
  /**
   * Its rows follow from things of the platform, whoever changed these, and belong to the platform. Left out: the rows of
   * a tenant follow from what happened on that tenant's behalf, and from nothing else.
   */
  scope?: 'platform';
  /** Which rows an event concerns. */
  key(event: Recorded<E>): string | readonly string[] | undefined;
  /** The row after the event; `undefined` means there is none. Pure: the same events give the same rows. */
  evolve(row: Row | undefined, event: Recorded<E>, key: string): Row | undefined;
  /** Whom the row belongs to: who reads on behalf of a tenant is shown that tenant's rows only. */
  tenant(row: Row): string;
  /** Rows of the platform itself are everybody's to read. */
  shared?: true;
  /** Milliseconds from one batch of a busy log to the next; less where somebody acts on the change of a row. */
  lingerMs?: number;
  /** Columns that change too often for an index of their own: they narrow and order what others have found. */
  unindexed?: readonly Column[];
  /** Columns by which rows are found whosever they are; by the others they are found within a tenant. */
  acrossTenants?: readonly Column[];
  /** What the row can be found by, each with an index of its own. */
  columns: Readonly<Record<Column, (row: Row) => Scalar | undefined>>;
}>;

/** `defineView<InstanceRow, 'tenantId' | 'status', InstanceEvent>({ … })` */
export const defineView = <Row extends object, Column extends string, E extends Event = Event>(
  definition: ViewDefinition<Row, Column, E>,
): ViewDefinition<Row, Column, E> => {
  const { name, about, key } = definition;
  if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new Error(`"${name}" cannot be a view's name`);
  if (!about) return definition;
  const abouts = about.map(isAbout);
  return { ...definition, key: (event) => (abouts.some((isIts) => isIts(event)) ? key(event) : undefined) };
};

/** One name for the cursor and the table of a view's version. */
export const viewId = ({ name, version = 1 }: Readonly<{ name: string; version?: number }>) =>
  `view_${name}_v${version}`;

/** Whether a tenant may see a row. */
export const isFor = <Row extends object>(
  { tenant, shared }: Readonly<{ tenant(row: Row): string; shared?: true }>,
  row: Row,
  tenantId: string,
): boolean => {
  const owner = tenant(row);
  return owner === tenantId || (shared === true && owner === PLATFORM);
};

export type Listing<Column extends string> = Readonly<{
  where?: Readonly<Partial<Record<Column, Scalar>>>;
  /** Only rows with keys from the first on and before the second. */
  within?: readonly [from: string, before: string];
  /** By these columns, then by key. Left out: by key. */
  orderBy?: readonly Column[];
  direction?: 'ascending' | 'descending';
  /** `next` of the page before. */
  after?: string;
  limit?: number;
}>;

/** `position`: how far in the log it is true. */
export type Page<Row> = Readonly<{ rows: readonly Row[]; next: string | undefined; position: number }>;

/** A row, or that there is none, and how far in the log that is true. */
export type Sight<Row> = Readonly<{ row: Row | undefined; position: number }>;

/** How many rows have each value of a column. */
export type Counts = Readonly<{ counts: ReadonlyMap<Scalar, number>; position: number }>;
