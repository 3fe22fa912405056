import { createHash } from 'node:crypto';
import { z } from 'zod';
import { isText } from './i-json.js';
import { invalid } from './problem.js';

/** Where the next page begins, and of which position of the log all pages are, if they are of the past. */
export type Place = Readonly<{ cursor: string; position?: number }>;

/** The cursor, the position, and their sum. */
const Token = z.tuple([z.string(), z.int().min(0).nullable(), z.string()]);

/** A place on its way through the asker's hands. The sum finds tokens of other lists and hasty edits. */
export const pageTokenOf = (name: string, { cursor, position }: Place): string => {
  const then = position ?? null;
  return Buffer.from(JSON.stringify([cursor, then, sumOf(name, cursor, then)])).toString('base64url');
};

/** @throws ProblemError `request.invalid` */
export const readPageToken = (name: string, token: string): Place => {
  const { success, data } = Token.safeParse(parse(Buffer.from(token, 'base64url').toString()));
  if (success) {
    const [cursor, position, sum] = data;
    if (isText(cursor) && sum === sumOf(name, cursor, position))
      return { cursor, ...(position !== null && { position }) };
  }
  throw notOurs();
};

/** A cursor that is a number. Anybody can make a token up. @throws ProblemError `request.invalid` */
export const numberIn = (cursor: string): number => {
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  throw notOurs();
};

const notOurs = () => invalid([{ path: 'query.pageToken', message: 'use the `nextPageToken` of this very list' }]);

const sumOf = (name: string, cursor: string, position: number | null) =>
  createHash('sha256').update(`${name} ${position} ${cursor}`).digest('base64url').slice(0, 8);

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // The one who reads it refuses whatever is no token.
  }
};
