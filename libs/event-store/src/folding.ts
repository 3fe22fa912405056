import type { Recorded } from './event.js';
import { isAbout } from './stream-name.js';
import type { ViewDefinition } from './view-definition.js';

/** A definition at work: the same whether it follows the log or looks back. */
export class Folding<Row extends object, Column extends string> {
  readonly #abouts: readonly ((event: Recorded) => boolean)[] | undefined;

  constructor(private readonly definition: ViewDefinition<Row, Column>) {
    this.#abouts = definition.about?.map(isAbout);
  }

  /** The rows that an event concerns. */
  keysOf(event: Recorded): readonly string[] {
    if (this.#abouts && !this.#abouts.some((about) => about(event))) return [];
    const keys = this.definition.key(event);
    if (keys === undefined) return [];
    return typeof keys === 'string' ? [keys] : keys;
  }

  into(rows: Map<string, Row>, event: Recorded): void {
    for (const key of this.keysOf(event)) {
      const row = this.definition.evolve(rows.get(key), event, key);
      if (row === undefined) rows.delete(key);
      else rows.set(key, row);
    }
  }
}
