import type { EventFilter } from '../event.js';

/** Puts a value into a statement, as a parameter or as a literal. */
export type Say = (value: string | number | readonly string[]) => string;

/** The conditions that a filter comes to. Streams of one owner are found by ranges, which an index knows. */
export const conditionsOf = ({ stream, types, tenantId, owner, nouns, until }: EventFilter, say: Say): string[] => {
  const conditions: string[] = [];
  if (until !== undefined) conditions.push(`position <= ${say(until)}`);
  if (stream !== undefined) conditions.push(`stream = ${say(stream)}`);
  if (types !== undefined) conditions.push(`type = ANY (${say(types)})`);
  if (tenantId !== undefined) conditions.push(`tenant = ${say(tenantId)}`);
  if (owner !== undefined) {
    // The sign that follows "/" is "0", and "." follows "-".
    const ranges = nouns?.map((noun) => [`${owner}/${noun}-`, `${owner}/${noun}.`]) ?? [[`${owner}/`, `${owner}0`]];
    const within = ranges.map(([from = '', to = '']) => `stream >= ${say(from)} AND stream < ${say(to)}`);
    conditions.push(`(${within.join(' OR ')})`);
  } else if (nouns !== undefined) {
    conditions.push(`split_part(stream, '/', 2) ^@ ANY (${say(nouns.map((noun) => `${noun}-`))})`);
  }
  return conditions;
};
