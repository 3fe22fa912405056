import { reject } from '@strata/event-sourcing';
import { createHash } from 'node:crypto';
import type { Transaction } from './checkpoints.js';
import { RejectedError } from './command-handlers.js';
import type { Listing, Page, Scalar, Sight } from './view-definition.js';

/** What was read and the cursor beside it, where the table knows both at one instant. */
export type Read<T> = T & Readonly<{ cursor?: number }>;

/** All tables of a store as they are at one moment, whatever is written later. */
export abstract class Snapshot {
  abstract close(): Promise<void>;
}

/** A SHA-256 over all rows, that tells nothing but whether two tables are the same. */
export type Digest = Readonly<{ hash: string; rows: number }>;

/** The rows of one view: what both stores must be able to do. */
export abstract class ViewTable<Row extends object, Column extends string> {
  abstract load(keys: readonly string[]): Promise<Map<string, Row>>;
  /** `undefined` removes the row. */
  abstract save(tx: Transaction, rows: ReadonlyMap<string, Row | undefined>): Promise<void>;
  /** As `save`, when it is all that happens in the transaction beside the move of the cursor. */
  abstract saveAlone(tx: Transaction, rows: ReadonlyMap<string, Row | undefined>): Promise<void>;
  /** With a tenant, only what that tenant may see. */
  abstract getMany(keys: readonly string[], tenantId?: string): Promise<Map<string, Row>>;
  abstract look(key: string, tenantId?: string): Promise<Read<Omit<Sight<Row>, 'position'>>>;
  abstract list(listing: Listing<Column>, tenantId?: string): Promise<Read<Omit<Page<Row>, 'position'>>>;
  /** How many rows have each value of a column. */
  abstract count(column: Column, tenantId?: string): Promise<Read<Readonly<{ counts: ReadonlyMap<Scalar, number> }>>>;
  /** All rows by key, in an order that does not depend on the store. */
  abstract all(at: Snapshot): AsyncIterable<readonly (readonly [string, Row])[]>;

  // ── Beside ──────────────────────────────────────────────────────

  /** An empty table of the same view, which nobody reads and nothing is quick to find in yet. */
  abstract beside(): Promise<ViewTable<Row, Column>>;
  /** As `save`, into a table that nobody reads. */
  abstract fill(rows: ReadonlyMap<string, Row | undefined>): Promise<void>;
  /** Makes a table that was filled as good as any. */
  abstract finish(): Promise<void>;
  /** Takes the rows of another table in the place of its own. Returns where its own are now: they stay as they are. */
  abstract become(tx: Transaction, other: ViewTable<Row, Column>): Promise<ViewTable<Row, Column>>;
  abstract drop(): Promise<void>;

  async digest(at: Snapshot): Promise<Digest> {
    const hash = createHash('sha256');
    let count = 0;
    for await (const rows of this.all(at)) {
      count += rows.length;
      for (const [key, row] of rows) hash.update(`${JSON.stringify(key)}:${canonical(row)}\n`);
      // A large table shall not hold up whoever asks for something else.
      await new Promise(setImmediate);
    }
    return { hash: hash.digest('hex'), rows: count };
  }
}

/** JSON with its properties in order, so that rows that differ only in how they were built are the same. */
const canonical = (value: unknown): string => {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  // Rows are what was read from JSON: none of their values is undefined.
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, it]) => `${JSON.stringify(name)}:${canonical(it)}`).join(',')}}`;
};

/** From here on the units of a string are not in the order of the code points that they stand for. */
const HIGH = /[\ud800-\uffff]/;

/** The bytes of UTF-8 in order are the code points in order: PostgreSQL's "C" collation, in JavaScript. */
export const byBytes = (a: string, b: string): number => {
  if (a === b) return 0;
  if (HIGH.test(a) || HIGH.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : 1;
};

/** A cursor for a page is the last row's place in the order; opaque to whoever carries it. */
export const cursorOf = (place: readonly unknown[]) => Buffer.from(JSON.stringify(place)).toString('base64url');

/**
 * Cursors have been in the hands of those who ask, who may have made this one up.
 * @throws RejectedError when it is no cursor of such an order
 */
export const placeOf = (cursor: string, length: number): readonly Scalar[] => {
  const place = parsedOrNothing(Buffer.from(cursor, 'base64url').toString());
  if (Array.isArray(place) && place.length === length && place.every(isScalar) && typeof place.at(-1) === 'string') {
    return place;
  }
  throw new RejectedError(reject('request.invalid', 'the cursor belongs to another listing'));
};

/** A scalar that the database can hold, too. */
const isScalar = (it: unknown): it is Scalar => {
  if (typeof it === 'string') return it.isWellFormed() && !it.includes('\0');
  return it === null || typeof it === 'number' || typeof it === 'boolean';
};

const parsedOrNothing = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // No cursor of ours: whoever looks at it says so.
  }
};
