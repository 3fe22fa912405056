import type { ClientBase, Pool, QueryResult } from 'pg';
import { Checkpoints, FencedOff, Transaction } from '../checkpoints.js';
import type { Claim, Parked } from '../checkpoints.js';
import type { Recorded } from '../event.js';
import { TryLater } from '../subscription.js';
import { isPassing } from './append.js';

/** Begins with its first statement, so that beginning and moving the cursor are one message to the server. */
class PostgresTransaction extends Transaction {
  #begun = false;

  constructor(readonly client: ClientBase) {
    super(client);
  }

  /** `BEGIN`, once. */
  begins(): boolean {
    const isFirst = !this.#begun;
    this.#begun = true;
    return isFirst;
  }

  get begun() {
    return this.#begun;
  }
}

/** The connection of a transaction that was begun by {@link PostgresCheckpoints}. */
export const sqlOf = (tx: Transaction) => {
  if (!(tx instanceof PostgresTransaction)) throw new Error('this transaction belongs to another store');
  // Statements of one connection are carried out in order: when this one fails, so does the one that waits behind it.
  if (tx.begins()) tx.client.query('BEGIN').catch(() => undefined);
  return tx.client;
};

type CursorRow = Readonly<{ position: string; fence: string }>;
type ParkedRow = Readonly<{ stream: string; position: string; error: string; tries: number }>;

/** Places kept in the service's schema, where their effects are. */
export class PostgresCheckpoints extends Checkpoints {
  constructor(private readonly pool: Pool) {
    super();
  }

  /** @throws TryLater when the database, or whatever else the work needs, cannot be reached: nothing is to blame then */
  override async transaction<T>(work: (tx: Transaction) => Promise<T>) {
    try {
      return await this.#transaction(work);
    } catch (error) {
      if (isPassing(error)) throw new TryLater(String(error), { cause: error });
      throw error;
    }
  }

  async #transaction<T>(work: (tx: Transaction) => Promise<T>) {
    const sql = await this.pool.connect();
    const tx = new PostgresTransaction(sql);
    let result: T;
    try {
      result = await work(tx);
      if (tx.begun) await sql.query('COMMIT');
    } catch (error) {
      // If not even this gets through, the connection goes, and its transaction with it.
      const lost = await sql.query('ROLLBACK').then(
        () => false,
        () => true,
      );
      sql.release(lost);
      throw error;
    }
    sql.release();
    tx.committed();
    return result;
  }

  override async claim(name: string, start: number): Promise<Claim> {
    const text = `
      INSERT INTO es_cursor (subscription, position, fence) VALUES ($1, $2, 1)
      ON CONFLICT (subscription) DO UPDATE SET fence = es_cursor.fence + 1
      RETURNING position, fence`;
    const { rows } = await this.pool.query<CursorRow>(text, [name, start]);
    return { name, position: Number(rows[0]?.position), fence: Number(rows[0]?.fence) };
  }

  override async move(tx: Transaction, { name, fence }: Claim, position: number) {
    if (!(tx instanceof PostgresTransaction)) throw new Error('this transaction belongs to another store');
    const { client } = tx;
    const update = `UPDATE es_cursor SET position = ${position} WHERE subscription = ${client.escapeLiteral(name)} AND fence = ${fence}`;
    // Several statements in one message answer with a list of results, which the types of pg do not know.
    const answered = (await client.query(tx.begins() ? `BEGIN; ${update}` : update)) as QueryResult | QueryResult[];
    const moved = Array.isArray(answered) ? answered.at(-1) : answered;
    if (moved?.rowCount !== 1) throw new FencedOff(name);
  }

  override async park(tx: Transaction, name: string, events: readonly Recorded[], error: string) {
    const text = `
      INSERT INTO es_parked (subscription, position, stream, error, tries)
      SELECT $1, position, stream, $4, 1 FROM unnest($2::bigint[], $3::text[]) AS event (position, stream)
      ON CONFLICT (subscription, lane, position) DO UPDATE SET error = excluded.error, tries = es_parked.tries + 1`;
    const values = [name, events.map(({ position }) => position), events.map(({ stream }) => stream), error];
    await sqlOf(tx).query(text, values);
  }

  override async unpark(tx: Transaction, name: string, positions: readonly number[]) {
    await sqlOf(tx).query('DELETE FROM es_parked WHERE subscription = $1 AND position = ANY ($2)', [name, positions]);
  }

  override async parked(name: string): Promise<readonly Parked[]> {
    const text = 'SELECT stream, position, error, tries FROM es_parked WHERE subscription = $1 ORDER BY position';
    const { rows } = await this.pool.query<ParkedRow>(text, [name]);
    return rows.map((row) => ({ ...row, position: Number(row.position) }));
  }
}
