import { compare } from './compare.js';
import type { Difference } from './compare.js';
import type { Shape } from './shape.js';

export type Shapes = Readonly<Record<string, Shape>>;

const advice = (name: string) =>
  `What is stored stays as it is. If its shape shall change, give ${name.split(' ')[0]} a new version: a step in the ` +
  'file <noun>.upcast.ts of its aggregate, named in history.ts of its service; then `npm run corpus`.';

/**
 * Where events are stored now in another shape than a release stored that very version in. Wider is no break (a story tells
 * of a case that none told of before): the rules of today read both.
 */
export const broken = (released: Shapes, now: Shapes): readonly string[] =>
  Object.entries(now).flatMap(([name, shape]) => {
    const then = released[name];
    const breaks = then === undefined ? [] : compare(then, shape).filter((it) => !isWider(it) && !isLearned(it));
    return breaks.length === 0 ? [] : [`${name} has changed: ${breaks.map(inWords).join('; ')}. ${advice(name)}`];
  });

/** What is stored now that the corpus does not have; `both` are the shapes of both together. */
export const missing = (kept: Shapes, now: Shapes, both: Shapes): readonly string[] =>
  Object.keys(now).flatMap((name) => {
    const then = kept[name];
    if (then === undefined) return [`${name} is new: \`npm run corpus\` keeps an example of it.`];
    const news = compare(then, both[name] ?? then);
    if (news.length === 0) return [];
    const what = news.map(inWords).join('; ');
    return [
      `${name} is not as in the corpus: ${what}. ${advice(name)} The same keeps a case that no story told before.`,
    ];
  });

/** `string` became `null | string`: every type that there was, there is. */
const isWider = ({ was, is }: Difference): boolean => {
  if (typeof was !== 'string' || typeof is !== 'string') return false;
  const types = is.split(' | ');
  return was.split(' | ').every((type) => types.includes(type));
};

/** A journal keeps what other events said, in their shape of the day: that is guarded there, and here by its use. */
const isLearned = ({ path }: Difference) => /^facts\.|\.facts\./.test(path);

const inWords = ({ path, was, is }: Difference) => {
  if (was === undefined) return `${path} is new (${JSON.stringify(is)})`;
  if (is === undefined) return `${path} is gone (${JSON.stringify(was)})`;
  return `${path} was ${JSON.stringify(was)} and is ${JSON.stringify(is)}`;
};
