import { PLATFORM } from '@strata/event-sourcing';
import type { EventLog } from './event-log.js';
import { foldInto } from './folding.js';
import { counted, ordered, pageIn } from './listing.js';
import type { Folded, Past } from './past.js';
import { Recent } from './recent.js';
import { viewId } from './view-definition.js';
import type { Counts, Listing, Page, Sight, ViewDefinition } from './view-definition.js';
import type { TenantRows } from './view.js';

type Earlier<Row extends object, Column extends string> = Folded<PastRows<Row, Column>> | undefined;

/** How many orders of one instant's rows are kept: a listing and perhaps a second one beside it. */
const ORDERS = 4;

/** The rows of a view as a tenant would have seen them at a position; all rows where no tenant is named. */
export const pastRows = <Row extends object, Column extends string>(
  definition: ViewDefinition<Row, Column>,
  tenantId: string | undefined,
  position: number,
  { log, past }: Readonly<{ log: EventLog; past: Past }>,
): Promise<TenantRows<Row, Column>> => {
  const { about: nouns, scope } = definition;
  const own = tenantId === undefined ? {} : { tenantId };
  const filter = { ...(scope === 'platform' ? { owner: PLATFORM } : own), ...(nouns && { nouns }) };
  // Of what the platform's events lead to, its own is everybody's, and the same for every tenant.
  const shown = tenantId !== undefined && scope === 'platform' ? PLATFORM : undefined;
  return past.at(
    `${viewId(definition)} of ${shown ?? tenantId ?? 'all'}`,
    position,
    async (earlier: Earlier<Row, Column>) => {
      const rows = new Map(earlier?.value.rows);
      for await (const page of log.scan(earlier?.position ?? 0, position, filter)) {
        for (const event of page) foldInto(definition, rows, event);
      }
      return { value: new PastRows(definition, rows, position, shown), position, weight: rows.size };
    },
  );
};

class PastRows<Row extends object, Column extends string> implements TenantRows<Row, Column> {
  readonly #orders = new Recent<string, readonly (readonly [string, Row])[]>(ORDERS);

  constructor(
    private readonly definition: ViewDefinition<Row, Column>,
    /** Nobody changes them any more: a later instant is folded on from a copy, which shares the rows that stay. */
    readonly rows: ReadonlyMap<string, Row>,
    private readonly position: number,
    /** Only the rows of this one are shown. A tenant's own follow from its own events alone, and need no such care. */
    private readonly shown: string | undefined,
  ) {}

  async get(key: string): Promise<Row | undefined> {
    const row = this.rows.get(key);
    return row && this.#isShown(row) ? row : undefined;
  }

  async getMany(keys: readonly string[]): Promise<ReadonlyMap<string, Row>> {
    const found = await Promise.all(keys.map(async (key) => [key, await this.get(key)] as const));
    return new Map(found.flatMap(([key, row]) => (row ? [[key, row] as const] : [])));
  }

  async look(key: string): Promise<Sight<Row>> {
    return { row: await this.get(key), position: this.position };
  }

  async list(listing: Listing<Column> = {}): Promise<Page<Row>> {
    const { where = {}, within = [], orderBy = [], direction = 'ascending' } = listing;
    const name = JSON.stringify([where, within, orderBy, direction]);
    const entries = this.#orders.get(name) ?? ordered(this.definition, this.#shown(), listing);
    this.#orders.set(name, entries);
    return { ...pageIn(this.definition, entries, listing), position: this.position };
  }

  async count(column: Column): Promise<Counts> {
    const rows = this.#shown().map(([, row]) => row);
    return { counts: counted(this.definition, rows, column), position: this.position };
  }

  #shown(): readonly (readonly [string, Row])[] {
    return [...this.rows].filter(([, row]) => this.#isShown(row));
  }

  #isShown(row: Row): boolean {
    return this.shown === undefined || this.definition.tenant(row) === this.shown;
  }
}
