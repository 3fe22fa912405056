/** One place where two values differ; what is missing is `undefined`. */
export type Difference = Readonly<{ path: string; was: unknown; is: unknown }>;

/** Where two values differ, as deep down as both have something. */
export const compare = (was: unknown, is: unknown, path = ''): readonly Difference[] => {
  if (!isNest(was) || !isNest(is) || Array.isArray(was) !== Array.isArray(is)) {
    return JSON.stringify(was) === JSON.stringify(is) ? [] : [{ path, was, is }];
  }
  const keys = [...new Set([...Object.keys(was), ...Object.keys(is)])];
  return keys.flatMap((key) => compare(was[key], is[key], path === '' ? key : `${path}.${key}`));
};

// An array, too, has its items by key.
const isNest = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
