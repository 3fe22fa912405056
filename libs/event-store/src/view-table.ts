import { createHash } from 'node:crypto';
import type { Transaction } from './checkpoints.js';
import type { Listing, Page, Scalar, Sight } from './view-definition.js';

/** What was read and the cursor beside it, where the table knows both at one instant. */
export type Read<T> = T & Readonly<{ cursor?: number }>;

/** The rows of one view: what both stores must be able to do. */
export abstract class ViewTable<Row extends object, Column extends string> {
  abstract load(keys: readonly string[]): Promise<Map<string, Row>>;
  /** `undefined` removes the row. */
  abstract save(tx: Transaction, rows: ReadonlyMap<string, Row | undefined>): Promise<void>;
  /** As `save`, when it is all that happens in the transaction beside the move of the cursor. */
  abstract saveAlone(tx: Transaction, rows: ReadonlyMap<string, Row | undefined>): Promise<void>;
  abstract clear(tx: Transaction): Promise<void>;
  /** With a tenant, only what that tenant may see. */
  abstract getMany(keys: readonly string[], tenantId?: string): Promise<Map<string, Row>>;
  abstract look(key: string, tenantId?: string): Promise<Read<Omit<Sight<Row>, 'position'>>>;
  abstract list(listing: Listing<Column>, tenantId?: string): Promise<Read<Omit<Page<Row>, 'position'>>>;
  /** How many rows have each value of a column. */
  abstract count(column: Column, tenantId?: string): Promise<Read<Readonly<{ counts: ReadonlyMap<Scalar, number> }>>>;
  /** All rows by key, in an order that does not depend on the store. */
  abstract all(): AsyncIterable<readonly (readonly [string, Row])[]>;

  /** A SHA-256 over all rows, that tells nothing but whether two tables are the same. */
  async hash(): Promise<string> {
    const hash = createHash('sha256');
    for await (const rows of this.all()) {
      for (const [key, row] of rows) hash.update(`${JSON.stringify(key)}:${canonical(row)}\n`);
    }
    return hash.digest('hex');
  }
}

/** JSON with its properties in order, so that rows that differ only in how they were built are the same. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, it: unknown) =>
    typeof it === 'object' && it !== null && !Array.isArray(it)
      ? Object.fromEntries(Object.entries(it).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : it,
  );

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

/** @throws when it is no cursor of such an order */
export const placeOf = (cursor: string, length: number): readonly unknown[] => {
  const place: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  if (!Array.isArray(place) || place.length !== length) throw new Error('the cursor belongs to another listing');
  return place;
};
