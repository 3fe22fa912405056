import { Transaction } from '../checkpoints.js';
import { parsed } from '../json.js';
import { counted, ordered, pageIn } from '../listing.js';
import { isFor } from '../view-definition.js';
import type { Listing, ViewDefinition } from '../view-definition.js';
import { byBytes, Snapshot, ViewTable } from '../view-table.js';

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

  override async look(key: string, tenantId?: string) {
    const text = this.#rows.get(key);
    const row = text === undefined ? undefined : parsed<Row>(text);
    return { row: row && this.#isFor(row, tenantId) ? row : undefined };
  }

  override async list(listing: Listing<Column>, tenantId?: string) {
    return pageIn(this.definition, ordered(this.definition, this.#entriesFor(tenantId), listing), listing);
  }

  override async count(column: Column, tenantId?: string) {
    const rows = this.#entriesFor(tenantId).map(([, row]) => row);
    return { counts: counted(this.definition, rows, column) };
  }

  override async *all(at: Snapshot) {
    if (!(at instanceof MemorySnapshot)) throw new Error('this snapshot belongs to another store');
    const rows = entriesOf<Row>(at.of(this.#rows));
    yield rows.toSorted(([a], [b]) => byBytes(a, b));
  }

  #isFor(row: Row, tenantId: string | undefined) {
    return tenantId === undefined || isFor(this.definition, row, tenantId);
  }

  #entriesFor(tenantId: string | undefined) {
    return entriesOf<Row>(this.#rows).filter(([, row]) => this.#isFor(row, tenantId));
  }
}

const entriesOf = <Row>(rows: Texts) => [...rows].map(([key, text]) => [key, parsed<Row>(text)] as const);
