import { PLATFORM } from '@strata/event-sourcing';
import type { Pool } from 'pg';
import type { Transaction } from '../checkpoints.js';
import type { Listing, Scalar, ViewDefinition } from '../view-definition.js';
import { parsed } from '../json.js';
import { viewId } from '../view-definition.js';
import { cursorOf, placeOf, ViewTable } from '../view-table.js';
import type { Snapshot } from '../view-table.js';
import { isBegun, onlyStatement, sqlOf } from './postgres-checkpoints.js';
import { ownSnapshot } from './postgres-snapshot.js';
import { RAW } from './rows.js';
import type { Tenants } from './tenants.js';

/** Behind a table's name: one that is filled beside it, and the one that it took the place of. */
const BESIDE = '_beside';
const BEFORE = '_before';
const TAKEN = new Set(['key', 'row', 'tenant']);
const ROWS = { rowMode: 'array', types: RAW } as const;

type Found = [cursor: string, string | null, string | null];

/**
 * One table per view: the row as a JSON document, and beside it what the view is found by. These columns are jsonb, so
 * that a definition need not say their types: scalars of one type have their own order, and no value is ever null in SQL.
 */
export class PostgresViewTable<Row extends object, Column extends string> extends ViewTable<Row, Column> {
  readonly #columns: readonly Column[];

  /** Makes the table and its indexes, unless they are there. @throws when the columns changed and the version did not */
  static async open<Row extends object, Column extends string>(
    definition: ViewDefinition<Row, Column>,
    pool: Pool,
    tenants: Tenants,
  ): Promise<PostgresViewTable<Row, Column>> {
    const table = new PostgresViewTable(definition, pool, tenants, viewId(definition));
    await table.#create(table.#indexes());
    // What a process has left that died while it folded the view anew.
    for (const left of [table.#at(BESIDE), table.#at(BEFORE)]) await left.drop();
    return table;
  }

  private constructor(
    private readonly definition: ViewDefinition<Row, Column>,
    private readonly pool: Pool,
    private readonly tenants: Tenants,
    private readonly table: string,
  ) {
    super();
    // Object.keys forgets which strings they are.
    this.#columns = Object.keys(definition.columns) as Column[];
    const odd = this.#columns.find((column) => !/^[a-zA-Z][a-zA-Z0-9]*$/.test(column) || TAKEN.has(column));
    if (odd !== undefined) throw new Error(`"${odd}" cannot be a column of the view ${definition.name}`);
  }

  override load(keys: readonly string[]) {
    return this.#rowsOf(keys);
  }

  override async getMany(keys: readonly string[], tenantId?: string) {
    if (tenantId === undefined) return this.#rowsOf(keys);
    const values: unknown[] = [keys];
    const owned = this.#ownedBy(tenantId, (value) => `$${values.push(value)}`);
    const text = `SELECT key, row FROM ${this.table} WHERE ${['key = ANY ($1)', ...owned].join(' AND ')}`;
    const rows = await this.tenants.query<[string, string]>(tenantId, { text, values, ...ROWS });
    return new Map(rows.map(([key, row]) => [key, this.#parse(row)]));
  }

  override async save(tx: Transaction, rows: ReadonlyMap<string, Row | undefined>) {
    await (await sqlOf(tx)).query(this.#saving(rows, ''));
  }

  override async saveAlone(tx: Transaction, rows: ReadonlyMap<string, Row | undefined>) {
    if (isBegun(tx)) await this.save(tx, rows);
    else await onlyStatement(tx, this.#saving(rows, 'EXISTS (SELECT FROM moved)'));
  }

  /** Puts the rows there are and takes away those that there are no more, in one statement. */
  #saving(rows: ReadonlyMap<string, Row | undefined>, condition: string) {
    const kept = [...rows].flatMap(([key, row]) => (row ? [[key, row] as const] : []));
    const gone = [...rows].flatMap(([key, row]) => (row ? [] : [key]));
    const names = ['row', 'tenant', ...this.#columns.map((column) => `"${column}"`)];
    const columnArrays = this.#columns.map((_, index) => `$${index + 5}::jsonb[]`);
    const arrays = ['$1::text[]', '$2::json[]', '$4::text[]', ...columnArrays];
    const put = `
      INSERT INTO ${this.table} (key, ${names.join(', ')}) SELECT * FROM unnest(${arrays.join(', ')})
      ${condition && `WHERE ${condition}`}
      ON CONFLICT (key) DO UPDATE SET ${names.map((name) => `${name} = excluded.${name}`).join(', ')}`;
    const take = `DELETE FROM ${this.table} WHERE key = ANY ($3::text[]) ${condition && `AND ${condition}`}`;
    const valueOf = (column: Column) => kept.map(([, row]) => jsonb(this.definition.columns[column](row)));
    const documents = kept.map(([, row]) => JSON.stringify(row));
    const owners = kept.map(([, row]) => this.definition.tenant(row));
    const values = [kept.map(([key]) => key), documents, gone, owners, ...this.#columns.map(valueOf)];
    const name = `save ${this.table}${condition && ' with its cursor'}`;
    const text = condition ? `put AS (${put}), take AS (${take})` : `WITH take AS (${take}) ${put}`;
    return { name, text, values };
  }

  override async beside() {
    const table = this.#at(BESIDE);
    await table.drop();
    await table.#create([]);
    return table;
  }

  override async fill(rows: ReadonlyMap<string, Row | undefined>) {
    await this.pool.query(this.#saving(rows, ''));
  }

  override async finish() {
    for (const index of this.#indexes()) await this.pool.query(index);
    await this.pool.query(`ANALYZE ${this.table}`);
  }

  override async become(tx: Transaction, other: ViewTable<Row, Column>) {
    if (!(other instanceof PostgresViewTable)) throw new Error('the other table belongs to another store');
    const before = this.#at(BEFORE);
    const renamed = (from: string, to: string) => [
      `ALTER TABLE ${from} RENAME TO ${to}`,
      `ALTER INDEX ${from}_pkey RENAME TO ${to}_pkey`,
      ...this.#indexed().map((column) => `ALTER INDEX ${indexOf(from, column)} RENAME TO ${indexOf(to, column)}`),
    ];
    // Whoever reads is waited for, and those who come later wait behind us: not for long, then.
    const statements = [`SET LOCAL lock_timeout = '2s'`, ...renamed(this.table, before.table)];
    await (await sqlOf(tx)).query([...statements, ...renamed(other.table, this.table)].join(';'));
    return before;
  }

  override async drop() {
    await this.pool.query(`DROP TABLE IF EXISTS ${this.table}`);
  }

  override async look(key: string, tenantId?: string) {
    const values: unknown[] = [key];
    const owned = tenantId === undefined ? [] : this.#ownedBy(tenantId, (value) => `$${values.push(value)}`);
    const text = `SELECT * FROM ${this.table} WHERE ${['key = $1', ...owned].join(' AND ')}`;
    const { cursor, found } = await this.#read(tenantId, ['key', 'row'], text, '', values);
    const [row] = found.map(([, it]) => this.#parse(it));
    return { row, cursor };
  }

  override async list(
    { where, within, orderBy = [], direction = 'ascending', after, limit = 100 }: Listing<Column>,
    tenantId?: string,
  ) {
    const values: unknown[] = [limit + 1];
    const bind = (value: unknown) => `$${values.push(value)}`;
    // Object.entries forgets which strings its keys are; they are the columns named in `where`.
    const conditions = (Object.entries(where ?? {}) as [Column, Scalar][]).map(
      ([column, value]) => `${this.#named(column)} = ${bind(jsonb(value))}::jsonb`,
    );
    if (within) conditions.push(`key >= ${bind(within[0])}`, `key < ${bind(within[1])}`);
    const order = [...orderBy.map((column) => this.#named(column)), 'key'];
    if (after !== undefined) {
      const place = placeOf(after, order.length);
      const start = place.map((value, index) =>
        index < orderBy.length ? `${bind(JSON.stringify(value))}::jsonb` : bind(value),
      );
      conditions.push(`(${order.join(', ')}) ${direction === 'ascending' ? '>' : '<'} (${start.join(', ')})`);
    }
    if (tenantId !== undefined) conditions.push(...this.#ownedBy(tenantId, bind));
    const filter = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : '';
    const way = direction === 'ascending' ? 'ASC' : 'DESC';
    const sort = `ORDER BY ${order.map((name) => `${name} ${way}`).join(', ')}`;
    const rowsThere = `SELECT * FROM ${this.table} ${filter} ${sort} LIMIT $1`;
    const { cursor, found } = await this.#read(tenantId, ['key', 'row'], rowsThere, sort, values);
    const rows = found.slice(0, limit).map(([key, row]) => ({ key, row: this.#parse(row) }));
    const last = rows.at(-1);
    const placeAt = (row: Row) => orderBy.map((column) => this.definition.columns[column](row) ?? null);
    return {
      rows: rows.map(({ row }) => row),
      next: last && found.length > limit ? cursorOf([...placeAt(last.row), last.key]) : undefined,
      cursor,
    };
  }

  override async count(column: Column, tenantId?: string) {
    const values: unknown[] = [];
    const name = this.#named(column);
    const owned = tenantId === undefined ? [] : this.#ownedBy(tenantId, (value) => `$${values.push(value)}`);
    const filter = owned.length > 0 ? `WHERE ${owned.join(' AND ')}` : '';
    const counts = `SELECT ${name}, count(*) FROM ${this.table} ${filter} GROUP BY ${name}`;
    const { cursor, found } = await this.#read(tenantId, [name, 'count'], counts, '', values);
    return { counts: new Map(found.map(([value, count]) => [parsed<Scalar>(value), Number(count)])), cursor };
  }

  /**
   * What a statement finds, and the cursor up to which the table was folded when it was found: one statement sees one
   * instant, and both are written in one transaction. A statement that finds nothing leaves the cursor alone in its row.
   */
  async #read(tenantId: string | undefined, columns: readonly string[], text: string, sort: string, values: unknown[]) {
    const kept = `SELECT position FROM es_cursor WHERE subscription = $${values.push(this.table)}`;
    const question = {
      text: `SELECT kept.position, ${columns.join(', ')} FROM (${kept}) AS kept LEFT JOIN (${text}) AS found ON true ${sort}`,
      values,
      ...ROWS,
    };
    const rows =
      tenantId === undefined
        ? (await this.pool.query<Found>(question)).rows
        : await this.tenants.query<Found>(tenantId, question);
    const [first] = rows;
    if (first === undefined) throw new Error(`nobody follows the log for ${this.table}`);
    const found = rows.flatMap(([, a, b]) => (a === null || b === null ? [] : [[a, b] as const]));
    return { cursor: Number(first[0]), found };
  }

  override async *all(at: Snapshot) {
    const select = `SELECT key, row FROM ${this.table} ORDER BY key`;
    for await (const rows of ownSnapshot(at).rowsOf(select, 2)) {
      yield rows.map(([key = '', row = '']) => [key, this.#parse(row)] as const);
    }
  }

  /** The same view's table under another name. */
  #at(suffix: string): PostgresViewTable<Row, Column> {
    return new PostgresViewTable(this.definition, this.pool, this.tenants, `${viewId(this.definition)}${suffix}`);
  }

  #ownedBy(tenantId: string, bind: (value: unknown) => string): string[] {
    if (!this.tenants.filters) return [];
    return [this.definition.shared ? `tenant IN (${bind(tenantId)}, '${PLATFORM}')` : `tenant = ${bind(tenantId)}`];
  }

  async #rowsOf(keys: readonly string[]): Promise<Map<string, Row>> {
    const text = `SELECT key, row FROM ${this.table} WHERE key = ANY ($1)`;
    const { rows } = await this.pool.query<[string, string]>({
      name: `rows of ${this.table}`,
      text,
      values: [keys],
      ...ROWS,
    });
    return new Map(rows.map(([key, row]) => [key, this.#parse(row)]));
  }

  /** The table holds what this view's fold put there. */
  #parse(text: string): Row {
    return parsed<Row>(text);
  }

  #named(column: Column) {
    if (!this.#columns.includes(column)) throw new Error(`the view ${this.definition.name} has no column "${column}"`);
    return `"${column}"`;
  }

  /** A row that changes in no indexed column finds room for its new version beside the old one, and no index hears of it. */
  #indexed(): readonly Column[] {
    return this.#columns.filter((it) => !this.definition.unindexed?.includes(it));
  }

  #indexes(): readonly string[] {
    return this.#indexed().map((column) => {
      const within = this.definition.acrossTenants?.includes(column) ? '' : 'tenant, ';
      const name = indexOf(this.table, column);
      return `CREATE INDEX IF NOT EXISTS ${name} ON ${this.table} (${within}"${column}", key)`;
    });
  }

  async #create(indexes: readonly string[]): Promise<void> {
    const sql = await this.pool.connect();
    try {
      // Two processes that make the same table at once would trip over each other, IF NOT EXISTS or not.
      await sql.query('BEGIN');
      await sql.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`strata makes ${this.table}`]);
      const columns = this.#columns.map((column) => `, "${column}" jsonb NOT NULL`).join('');
      await sql.query(
        `CREATE TABLE IF NOT EXISTS ${this.table} (key text COLLATE "C" PRIMARY KEY, row json NOT NULL,
          tenant text COLLATE "C" NOT NULL${columns}) WITH (fillfactor = 60)`,
      );
      await this.#check(sql);
      for (const index of indexes) await sql.query(index);
      await this.#wall(sql);
      await sql.query('COMMIT');
      sql.release();
    } catch (error) {
      sql.release(true);
      throw error;
    }
  }

  /** The second wall: whoever reads as `strata_tenant` sees one tenant's rows, whatever the query says. */
  async #wall(sql: Pick<Pool, 'query'>) {
    const own = `tenant = current_setting('strata.tenant', true)`;
    const { rowCount } = await sql.query('SELECT FROM pg_policy WHERE polrelid = $1::regclass', [this.table]);
    if (rowCount === 1) return;
    await sql.query(`
      ALTER TABLE ${this.table} ENABLE ROW LEVEL SECURITY;
      CREATE POLICY own ON ${this.table} FOR SELECT TO strata_tenant
        USING (${this.definition.shared ? `${own} OR tenant = '${PLATFORM}'` : own});
      GRANT SELECT ON ${this.table} TO strata_tenant`);
  }

  async #check(sql: Pick<Pool, 'query'>) {
    const text = `SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped`;
    const { rows } = await sql.query<Readonly<{ attname: string }>>(text, [this.table]);
    const found = rows.map(({ attname }) => attname).toSorted();
    const wanted = [...TAKEN, ...this.#columns].toSorted();
    if (found.join() !== wanted.join()) {
      throw new Error(
        `the view ${this.definition.name} was made with the columns ${found.join(', ')}: raise its version`,
      );
    }
  }
}

const jsonb = (value: Scalar | undefined) => JSON.stringify(value ?? null);

const indexOf = (table: string, column: string) => `${table}_${column}`.toLowerCase();
