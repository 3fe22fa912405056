/**
 * The shape of values, as JSON that reads like an example: a type where a value is, `"null | string"` where it differs,
 * `"name?"` for a key that is sometimes missing, one item for all items of a list.
 */
export type Shape = string | readonly Shape[] | Readonly<{ [key: string]: Shape }>;

/** Objects under these names are lists by name: their keys are the asker's. */
const RECORDS: ReadonlySet<string> = new Set(['labels', 'passedOver']);

export const shapeOf = (values: readonly unknown[], name = ''): Shape => {
  const kinds = Map.groupBy(values, kindOf);
  const objects = kinds.get('object') as readonly object[] | undefined; // kindOf said so
  const lists = kinds.get('list') as readonly (readonly unknown[])[] | undefined; // as above
  const plain = [...kinds.keys()].filter((kind) => kind !== 'object' && kind !== 'list').toSorted();
  const alternatives: readonly Shape[] = [
    ...(plain.length > 0 ? [plain.join(' | ')] : []),
    ...(objects ? [shapeOfObjects(objects, name)] : []),
    ...(lists ? [lists.every((it) => it.length === 0) ? [] : [shapeOf(lists.flat(), name)]] : []),
  ];
  return alternatives.length === 1 && alternatives[0] !== undefined ? alternatives[0] : { either: alternatives };
};

const kindOf = (value: unknown) => {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'list' : typeof value;
};

const shapeOfObjects = (objects: readonly object[], name: string): Shape => {
  const entries: readonly (readonly [string, unknown])[] = objects.flatMap((it) => Object.entries(it));
  if (RECORDS.has(name)) return entries.length === 0 ? {} : { '*': shapeOf(entries.map(([, value]) => value)) };
  const byKey = [...Map.groupBy(entries, ([key]) => key)];
  return Object.fromEntries(
    byKey.map(([key, its]) => [
      its.length < objects.length ? `${key}?` : key,
      shapeOf(
        its.map(([, value]) => value),
        key,
      ),
    ]),
  );
};
