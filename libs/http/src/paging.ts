import { createHash } from 'node:crypto';
import { z } from 'zod';
import { invalid } from './problem.js';

/** The cursor and its sum. */
const Token = z.tuple([z.string(), z.string()]);

type PageQuery = Readonly<{ pageSize: number; pageToken?: string | undefined }>;
type Rows<Row> = Readonly<{ rows: readonly Row[]; next: string | undefined }>;

/**
 * One page of a view's rows, as the contract shows pages:
 * `paged('instances', query, (part) => view.list({ where, ...part }), show)`.
 * @throws ProblemError `request.invalid` when the token was not given out for this list
 */
export const paged = async <Row, Item>(
  name: string,
  { pageSize, pageToken }: PageQuery,
  list: (part: Readonly<{ limit: number; after?: string }>) => Promise<Rows<Row>>,
  show: (row: Row) => Item,
): Promise<{ items: Item[]; nextPageToken: string | null }> => {
  const after = pageToken === undefined ? {} : { after: readPageToken(name, pageToken) };
  const { rows, next } = await list({ limit: pageSize, ...after });
  return { items: rows.map(show), nextPageToken: next === undefined ? null : pageTokenOf(name, next) };
};

/** A cursor on its way through the asker's hands. The sum finds tokens of other lists and hasty edits. */
export const pageTokenOf = (name: string, cursor: string): string =>
  Buffer.from(JSON.stringify([cursor, sumOf(name, cursor)])).toString('base64url');

/** @throws ProblemError `request.invalid` */
export const readPageToken = (name: string, token: string): string => {
  const { success, data } = Token.safeParse(parse(Buffer.from(token, 'base64url').toString()));
  if (success && data[1] === sumOf(name, data[0])) return data[0];
  throw invalid([{ path: 'query.pageToken', message: 'use the `nextPageToken` of this very list' }]);
};

const sumOf = (name: string, cursor: string) =>
  createHash('sha256').update(`${name} ${cursor}`).digest('base64url').slice(0, 8);

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // The one who reads it refuses whatever is no token.
  }
};
