import type { Recorded } from './event.js';
import type { ViewDefinition } from './view-definition.js';

type Fold<Row extends object> = Pick<ViewDefinition<Row, never>, 'key' | 'evolve'>;

/** The rows that an event concerns. */
export const keysOf = ({ key }: Pick<Fold<object>, 'key'>, event: Recorded): readonly string[] => {
  const keys = key(event);
  if (keys === undefined) return [];
  return typeof keys === 'string' ? [keys] : keys;
};

/** The same whether a view follows the log or looks back. */
export const foldInto = <Row extends object>(fold: Fold<Row>, rows: Map<string, Row>, event: Recorded): void => {
  for (const key of keysOf(fold, event)) {
    const row = fold.evolve(rows.get(key), event, key);
    if (row === undefined) rows.delete(key);
    else rows.set(key, row);
  }
};
