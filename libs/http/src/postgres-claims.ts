import { DataSource } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { v7 } from 'uuid';
import { Claims } from './claims.js';
import type { Claim, Claimed, StoredAnswer } from './claims.js';

type Row = Readonly<{ seed: string; request_hash: string; status: number | null; body: string | null }>;

/** How many connections claims share. Each statement is short. */
const CONNECTIONS = 8;

/**
 * Keys in a table. Its commits do not wait for the disk: the log is in the same database, and what it has committed to
 * the disk brings with it all that was committed before. So a claim whose command is in the log cannot be lost; an answer
 * can, and is then made again from the same seed.
 */
export class PostgresClaims extends Claims {
  /** Brings the table up to date first. Processes that start together wait for one another. */
  static async open({ url, schema }: Readonly<{ url: string; schema: string }>): Promise<PostgresClaims> {
    if (!/^[a-z][a-z0-9_]*$/.test(schema)) throw new Error(`"${schema}" cannot be a schema's name`);
    const source = new DataSource({
      type: 'postgres',
      url,
      schema,
      applicationName: `strata ${schema} claims`,
      poolSize: CONNECTIONS,
      extra: { options: `-c search_path=${schema} -c synchronous_commit=off` },
      installExtensions: false,
      migrations: [CreateClaims1],
      migrationsTableName: 'claims_migration',
    });
    await source.initialize();
    await migrate(source, schema);
    return new PostgresClaims(source);
  }

  private constructor(private readonly source: DataSource) {
    super();
  }

  override async claim({ tenantId, key, requestHash, at }: Claimed): Promise<Claim> {
    // Writing a row over itself makes a second claim wait for the first and see it, in one statement.
    const [row] = await this.source.query<Row[]>(
      `INSERT INTO http_claim (tenant_id, key, request_hash, seed, at) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (tenant_id, key) DO UPDATE SET key = excluded.key
       RETURNING seed, request_hash, status, body`,
      [tenantId, key, requestHash, v7(), at],
    );
    if (row === undefined) throw new Error('a claim was neither made nor found');
    const { seed, status, body } = row;
    const answer = status === null || body === null ? undefined : { status, body };
    return { seed, answer, mismatch: row.request_hash !== requestHash };
  }

  override async settle({ tenantId, key, requestHash }: Claimed, { status, body }: StoredAnswer): Promise<void> {
    await this.source.query(
      `UPDATE http_claim SET status = $4, body = $5
       WHERE tenant_id = $1 AND key = $2 AND request_hash = $3 AND status IS NULL`,
      [tenantId, key, requestHash, status, body],
    );
  }

  override async forget(before: string): Promise<number> {
    const [, count] = await this.source.query<[unknown, number]>('DELETE FROM http_claim WHERE at < $1', [before]);
    return count;
  }

  close(): Promise<void> {
    return this.source.destroy();
  }
}

const migrate = async (source: DataSource, schema: string): Promise<void> => {
  const guard = source.createQueryRunner();
  const lock = [`strata migrates the claims of ${schema}`];
  await guard.query('SELECT pg_advisory_lock(hashtext($1))', lock);
  try {
    await guard.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
    await source.runMigrations();
  } finally {
    await guard.query('SELECT pg_advisory_unlock(hashtext($1))', lock);
    await guard.release();
  }
};

class CreateClaims1 implements MigrationInterface {
  name = 'CreateClaims1795305600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE http_claim (
        tenant_id text COLLATE "C" NOT NULL,
        key text COLLATE "C" NOT NULL,
        request_hash text NOT NULL,
        seed uuid NOT NULL,
        at timestamptz NOT NULL,
        status smallint,
        body text,
        PRIMARY KEY (tenant_id, key)
      ) WITH (fillfactor = 70);
      CREATE INDEX ON http_claim (at);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE http_claim');
  }
}
