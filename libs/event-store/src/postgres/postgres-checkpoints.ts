import type { ClientBase, Pool, QueryResult } from 'pg';
import { AlreadyMoved, Checkpoints, FencedOff, Transaction } from '../checkpoints.js';
import type { Claim, Move, Parked } from '../checkpoints.js';
import type { Recorded } from '../event.js';
import { outageIn } from '../outage.js';
import { TryLater } from '../subscription.js';

type Moving = Move & Readonly<{ name: string; fence: number }>;

/**
 * Beginning and moving a cursor is one message. A cursor may also wait for the effect that it moves with: when that is one
 * statement, both are, and there is neither a beginning nor an end to send.
 */
class PostgresTransaction extends Transaction {
  #begun = false;
  #moving: Moving | undefined;

  constructor(readonly client: ClientBase) {
    super(client);
  }

  get isBegun(): boolean {
    return this.#begun;
  }

  /** `waits`: for the only statement of its effect, or for the end. */
  async move(moving: Moving, waits: boolean): Promise<void> {
    this.#moving = moving;
    if (this.#begun) await this.#sendMove('');
    else if (!waits) await this.begin();
  }

  /** For an effect of several statements: after this the connection is inside the transaction. */
  async begin(): Promise<ClientBase> {
    if (!this.#begun) {
      this.#begun = true;
      if (this.#moving) await this.#sendMove('BEGIN; ');
      else await this.client.query('BEGIN');
    }
    return this.client;
  }

  /** For an effect of one statement: it reads the CTE `moved`, which is empty when the cursor is somebody else's by now. */
  async only({
    name,
    text,
    values,
  }: Readonly<{ name: string; text: string; values: readonly unknown[] }>): Promise<void> {
    const moving = this.#moving;
    if (this.#begun || moving === undefined) throw new Error('an effect that comes alone moves its cursor first');
    this.#moving = undefined;
    const at = values.length;
    const moved = `moved AS (
      UPDATE es_cursor SET position = $${at + 1} WHERE subscription = $${at + 2} AND fence = $${at + 3}
        AND position = $${at + 4} RETURNING 1)`;
    const all = [...values, moving.to, moving.name, moving.fence, moving.from];
    const { rowCount } = await this.client.query({
      name,
      text: `WITH ${moved}, ${text} SELECT FROM moved`,
      values: all,
    });
    if (rowCount !== 1) throw await this.#whyNot(moving);
  }

  async end(): Promise<void> {
    if (this.#moving) await this.#sendMove('');
    if (this.#begun) await this.client.query('COMMIT');
  }

  async #sendMove(before: string): Promise<void> {
    const moving = this.#moving;
    if (moving === undefined) return;
    this.#moving = undefined;
    const { name, fence, from, to } = moving;
    const where = `subscription = ${this.client.escapeLiteral(name)} AND fence = ${fence} AND position = ${from}`;
    const text = `${before}UPDATE es_cursor SET position = ${to} WHERE ${where}`;
    // Several statements in one message answer with a list of results, which the types of pg do not know.
    const answered = (await this.client.query(text)) as QueryResult | QueryResult[];
    const moved = Array.isArray(answered) ? answered.at(-1) : answered;
    if (moved?.rowCount !== 1) throw await this.#whyNot(moving);
  }

  async #whyNot({ name, fence }: Moving): Promise<Error> {
    const { rows } = await this.client.query<CursorRow>(
      'SELECT position, fence FROM es_cursor WHERE subscription = $1',
      [name],
    );
    const [cursor] = rows;
    return Number(cursor?.fence) === fence ? new AlreadyMoved(name, Number(cursor?.position)) : new FencedOff(name);
  }
}

const own = (tx: Transaction): PostgresTransaction => {
  if (!(tx instanceof PostgresTransaction)) throw new Error('this transaction belongs to another store');
  return tx;
};

/** The connection of a transaction of {@link PostgresCheckpoints}, inside it. */
export const sqlOf = (tx: Transaction): Promise<ClientBase> => own(tx).begin();

/** Something else has happened in this transaction already. */
export const isBegun = (tx: Transaction): boolean => own(tx).isBegun;

/** Sends the only statement of a transaction together with its cursor. */
export const onlyStatement = (tx: Transaction, statement: Parameters<PostgresTransaction['only']>[0]): Promise<void> =>
  own(tx).only(statement);

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
      if (outageIn(error)) throw new TryLater(String(error), { cause: error });
      throw error;
    }
  }

  async #transaction<T>(work: (tx: Transaction) => Promise<T>) {
    const sql = await this.pool.connect();
    const tx = new PostgresTransaction(sql);
    let result: T;
    try {
      result = await work(tx);
      await tx.end();
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

  override async move(tx: Transaction, { name, fence }: Claim, move: Move, waits = false) {
    await own(tx).move({ name, fence, ...move }, waits);
  }

  override async park(tx: Transaction, name: string, events: readonly Recorded[], error: string) {
    const text = `
      INSERT INTO es_parked (subscription, position, stream, error, tries)
      SELECT $1, position, stream, $4, 1 FROM unnest($2::bigint[], $3::text[]) AS event (position, stream)
      ON CONFLICT (subscription, lane, position) DO UPDATE SET error = excluded.error, tries = es_parked.tries + 1`;
    const values = [name, events.map(({ position }) => position), events.map(({ stream }) => stream), error];
    await (await sqlOf(tx)).query(text, values);
  }

  override async unpark(tx: Transaction, name: string, positions: readonly number[]) {
    const sql = await sqlOf(tx);
    await sql.query('DELETE FROM es_parked WHERE subscription = $1 AND position = ANY ($2)', [name, positions]);
  }

  override async parked(name: string): Promise<readonly Parked[]> {
    const text = 'SELECT stream, position, error, tries FROM es_parked WHERE subscription = $1 ORDER BY position';
    const { rows } = await this.pool.query<ParkedRow>(text, [name]);
    return rows.map((row) => ({ ...row, position: Number(row.position) }));
  }
}
