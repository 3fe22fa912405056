import { Transaction } from '../checkpoints.js';
import type { Listing, Scalar, ViewDefinition } from '../view-definition.js';
import { parsed } from '../json.js';
import { isFor } from '../view-definition.js';
import { byBytes, cursorOf, placeOf, Snapshot, ViewTable } from '../view-table.js';

/** jsonb's order of scalars, which the other store sorts by. */
const RANK = { object: 0, string: 1, number: 2, boolean: 3 };
type Place = readonly (Scalar | undefined)[];

type Texts = Map<string, string>;

/** What tables have changed since it was taken, as it was before. */
export class MemorySnapshot extends Snapshot {
  readonly #kept = new WeakMap<Texts, Texts>();

  constructor(private readonly open: Set<MemorySnapshot>) {
    super();
    open.add(this);
  }

  keep(rows: Texts): void {
    if (!this.#kept.has(rows)) this.#kept.set(rows, new Map(rows));
  }

  of(rows: Texts): Texts {
    return this.#kept.get(rows) ?? rows;
  }

  override async close() {
    this.open.delete(this);
  }
}

/** Rows in a map. They are kept as JSON text, as a database would: nobody shares an object with the table. */
export class MemoryViewTable<Row extends object, Column extends string> extends ViewTable<Row, Column> {
  #rows: Texts;

  /** @param kept the same view's table of before: its rows are the same rows, as after a restart on a database */
  constructor(
    private readonly definition: ViewDefinition<Row, Column>,
    private readonly snapshots: Set<MemorySnapshot>,
    kept?: MemoryViewTable<Row, Column>,
  ) {
    super();
    this.#rows = kept ? kept.#rows : new Map<string, string>();
  }

  override load(keys: readonly string[]) {
    return this.getMany(keys);
  }

  override async save(tx: Transaction, rows: ReadonlyMap<string, Row | undefined>) {
    const texts = [...rows].map(([key, row]) => [key, row && JSON.stringify(row)] as const);
    tx.afterCommit(() => {
      for (const snapshot of this.snapshots) snapshot.keep(this.#rows);
      for (const [key, text] of texts) {
        if (text === undefined) this.#rows.delete(key);
        else this.#rows.set(key, text);
      }
    });
  }

  override saveAlone(tx: Transaction, rows: ReadonlyMap<string, Row | undefined>) {
    return this.save(tx, rows);
  }

  override async beside() {
    return new MemoryViewTable(this.definition, this.snapshots);
  }

  override async fill(rows: ReadonlyMap<string, Row | undefined>) {
    const tx = new Transaction();
    await this.save(tx, rows);
    tx.committed();
  }

  override async finish() {}

  override async become(tx: Transaction, other: ViewTable<Row, Column>) {
    if (!(other instanceof MemoryViewTable)) throw new Error('the other table belongs to another store');
    const before = new MemoryViewTable(this.definition, this.snapshots, this);
    // It holds the same kind of rows: it was made by `beside`.
    tx.afterCommit(() => (this.#rows = (other as MemoryViewTable<Row, Column>).#rows));
    return before;
  }

  override async drop() {}

  override async getMany(keys: readonly string[], tenantId?: string) {
    const found = new Map<string, Row>();
    for (const key of keys) {
      const text = this.#rows.get(key);
      if (text === undefined) continue;
      const row = parsed<Row>(text);
      if (this.#isFor(row, tenantId)) found.set(key, row);
    }
    return found;
  }

  override async list(
    { where, orderBy = [], direction = 'ascending', after, limit = 100 }: Listing<Column>,
    tenantId?: string,
  ) {
    const { columns } = this.definition;
    // Object.entries forgets which strings its keys are; they are the columns named in `where`.
    const wanted = Object.entries(where ?? {}) as [Column, Scalar][];
    const sign = direction === 'ascending' ? 1 : -1;
    const start = after === undefined ? undefined : (placeOf(after, orderBy.length + 1) as Place);
    const found = this.#entries()
      .filter(([, row]) => this.#isFor(row, tenantId))
      .filter(([, row]) => wanted.every(([column, value]) => (columns[column](row) ?? null) === value))
      .map(([key, row]) => ({ row, place: [...orderBy.map((column) => columns[column](row) ?? null), key] as Place }))
      .filter(({ place }) => start === undefined || sign * comparePlaces(place, start) > 0)
      .toSorted((a, b) => sign * comparePlaces(a.place, b.place));
    const page = found.slice(0, limit);
    const last = page.at(-1);
    return {
      rows: page.map(({ row }) => row),
      next: last && found.length > limit ? cursorOf(last.place) : undefined,
    };
  }

  override async *all(at: Snapshot) {
    if (!(at instanceof MemorySnapshot)) throw new Error('this snapshot belongs to another store');
    const rows = entriesOf<Row>(at.of(this.#rows));
    yield rows.toSorted(([a], [b]) => byBytes(a, b));
  }

  #isFor(row: Row, tenantId: string | undefined) {
    return tenantId === undefined || isFor(this.definition, row, tenantId);
  }

  #entries(): readonly (readonly [string, Row])[] {
    return entriesOf<Row>(this.#rows);
  }
}

const entriesOf = <Row>(rows: Texts) => [...rows].map(([key, text]) => [key, parsed<Row>(text)] as const);

const comparePlaces = (a: Place, b: Place): number => {
  for (let at = 0; at < a.length; at++) {
    const order = compareScalars(a[at] ?? null, b[at] ?? null);
    if (order !== 0) return order;
  }
  return 0;
};

const compareScalars = (a: Scalar, b: Scalar): number => {
  if (typeof a === 'string' && typeof b === 'string') return byBytes(a, b);
  if (typeof a === typeof b) return Number(a) - Number(b);
  const rank = (it: Scalar) => RANK[typeof it as keyof typeof RANK];
  return rank(a) - rank(b);
};
