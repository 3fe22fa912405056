import type { Pool, PoolClient } from 'pg';
import { Snapshot } from '../view-table.js';
import { BinaryTexts } from './binary-row.js';
import { CopyOut } from './copy-out.js';

/** A transaction that goes on seeing what it saw first. It locks nothing until it reads. */
export class PostgresSnapshot extends Snapshot {
  #isBroken = false;

  static async take(pool: Pool): Promise<PostgresSnapshot> {
    const client = await pool.connect();
    // The first statement is what the snapshot is taken for.
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1');
    return new PostgresSnapshot(client);
  }

  private constructor(private readonly client: PoolClient) {
    super();
  }

  /** Of a statement that selects so many columns of text. */
  async *rowsOf(select: string, columns: number): AsyncGenerator<readonly (readonly string[])[]> {
    const copy = this.client.query(new CopyOut(select, new BinaryTexts(columns).read));
    try {
      yield* copy;
    } finally {
      this.#isBroken = !copy.isDone;
      copy.drop();
    }
  }

  override async close() {
    if (!this.#isBroken) await this.client.query('COMMIT');
    this.client.release(this.#isBroken);
  }
}

/** The snapshot of this store. */
export const ownSnapshot = (at: Snapshot): PostgresSnapshot => {
  if (!(at instanceof PostgresSnapshot)) throw new Error('this snapshot belongs to another store');
  return at;
};
