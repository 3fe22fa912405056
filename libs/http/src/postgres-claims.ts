import { Logger } from '@nestjs/common';
import { outageIn } from '@strata/event-store';
import { DataSource } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { v7 } from 'uuid';
import { Claims } from './claims.js';
import type { Claim, Claimed, StoredAnswer } from './claims.js';
import { Gathering } from './gathering.js';

type Row = Readonly<{
  tenant_id: string;
  key: string;
  seed: string;
  request_hash: string;
  at: Date;
  status: number | null;
  body: string | null;
}>;

type Settling = Claimed & StoredAnswer & Readonly<{ when: 'now' | 'soon' }>;

/** A server that accepts and says nothing is as good as none. */
const PATIENCE = { connectionTimeoutMillis: 5_000, query_timeout: 10_000, keepAlive: true };

/** How many connections claims share. Each statement is short. */
const CONNECTIONS = 8;

/**
 * Keys in a table. Its commits do not wait for the disk: the log is in the same database, and what it has committed to
 * the disk brings with it all that was committed before. So a claim whose command is in the log cannot be lost, unless the
 * server dies between the two and the command comes through to the next: then `hold` makes it again. An answer can be lost,
 * and is then made again from the same seed. Only answers of which the log knows nothing wait for the disk.
 */
export class PostgresClaims extends Claims {
  /** Brings the table up to date first. Processes that start together wait for one another. */
  static async open({ url, schema }: Readonly<{ url: string; schema: string }>): Promise<PostgresClaims> {
    if (!/^[a-z][a-z0-9_]*$/.test(schema)) throw new Error(`"${schema}" cannot be a schema's name`);
    const accidents = { count: 0 };
    const logger = new Logger(`claims in ${schema}`);
    const source = new DataSource({
      type: 'postgres',
      url,
      schema,
      applicationName: `strata ${schema} claims`,
      poolErrorHandler: (error: unknown) => {
        accidents.count += 1;
        logger.warn(String(error));
      },
      poolSize: CONNECTIONS,
      extra: { ...PATIENCE, options: `-c search_path=${schema} -c synchronous_commit=off` },
      installExtensions: false,
      migrations: [CreateClaims1],
      migrationsTableName: 'claims_migration',
    });
    await source.initialize();
    await migrate(source, schema);
    return new PostgresClaims(source, accidents);
  }

  private readonly claims = new Gathering((claims: readonly Claimed[]) => this.#claim(claims));
  private readonly answers = new Gathering((answers: readonly Settling[]) => this.#settle(answers));

  private constructor(
    private readonly source: DataSource,
    /** A server that dies takes all of its connections along, also those that nobody uses just then. */
    private readonly accidents: { count: number },
  ) {
    super();
  }

  override claim(claimed: Claimed): Promise<Claim> {
    return this.claims.add(claimed);
  }

  override async hold(
    { tenantId, key, requestHash }: Claimed,
    { seed, since, accidents }: Pick<Claim, 'seed' | 'since' | 'accidents'>,
  ): Promise<void> {
    if (accidents === this.accidents.count) return;
    await this.#query(
      `WITH setting AS MATERIALIZED (SELECT set_config('synchronous_commit', 'on', true))
       INSERT INTO http_claim (tenant_id, key, request_hash, seed, at)
       SELECT $1, $2, $3, $4::uuid, $5::timestamptz FROM setting
       ON CONFLICT (tenant_id, key) DO NOTHING`,
      [tenantId, key, requestHash, seed, since],
    );
  }

  override settle(claimed: Claimed, answer: StoredAnswer, when: 'now' | 'soon'): Promise<void> {
    return this.answers.add({ ...claimed, ...answer, when });
  }

  override async forget(before: string): Promise<number> {
    const [, count] = await this.source.query<[unknown, number]>('DELETE FROM http_claim WHERE at < $1', [before]);
    return count;
  }

  async #query<T>(text: string, values: readonly unknown[]): Promise<T> {
    try {
      return await this.source.query<T>(text, [...values]);
    } catch (error) {
      if (outageIn(error)) this.accidents.count += 1;
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.answers.quiet();
    await this.source.destroy();
  }

  async #claim(claims: readonly Claimed[]): Promise<readonly Claim[]> {
    // One statement cannot write a row over itself twice: of those with one key the first speaks for all.
    const firsts = [...Map.groupBy(claims, ({ tenantId, key }) => nameOf(tenantId, key)).values()].flatMap(
      ([it]) => it ?? [],
    );
    // Writing a row over itself makes a second claim wait for the first and see it, in one statement.
    const accidents = this.accidents.count;
    const seeds = new Map(firsts.map((it) => [it, v7()]));
    const rows = await this.#query<Row[]>(
      `INSERT INTO http_claim (tenant_id, key, request_hash, seed, at)
       SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::uuid[], $5::timestamptz[])
       ON CONFLICT (tenant_id, key) DO UPDATE SET key = excluded.key
       RETURNING tenant_id, key, seed, request_hash, at, status, body`,
      columns(firsts, (it) => [it.tenantId, it.key, it.requestHash, seeds.get(it), it.at]),
    );
    const byKey = new Map(rows.map((row) => [nameOf(row.tenant_id, row.key), row]));
    return claims.map((claimed) => {
      const { tenantId, key, requestHash } = claimed;
      const row = byKey.get(nameOf(tenantId, key));
      if (row === undefined) throw new Error('a claim was neither made nor found');
      const { seed, status, body } = row;
      const answer = status === null || body === null ? undefined : { status, body };
      const isRepeat = seeds.get(claimed) !== seed;
      const mismatch = row.request_hash !== requestHash;
      return { seed, since: row.at.toISOString(), isRepeat, answer, accidents, mismatch };
    });
  }

  async #settle(answers: readonly Settling[]): Promise<readonly void[]> {
    const commit = answers.some(({ when }) => when === 'now') ? 'on' : 'off';
    await this.#query(
      `WITH setting AS MATERIALIZED (SELECT set_config('synchronous_commit', '${commit}', true))
       UPDATE http_claim AS claim SET status = it.status, body = it.body
       FROM setting, unnest($1::text[], $2::text[], $3::text[], $4::smallint[], $5::text[]) AS it (tenant_id, key, request_hash, status, body)
       WHERE claim.tenant_id = it.tenant_id AND claim.key = it.key AND claim.request_hash = it.request_hash AND claim.status IS NULL`,
      columns(answers, (it) => [it.tenantId, it.key, it.requestHash, it.status, it.body]),
    );
    return answers.map(() => undefined);
  }
}

const nameOf = (tenantId: string, key: string) => `${tenantId} ${key}`;

/** Rows on their side: one array for each column. */
const columns = <T>(rows: readonly T[], valuesOf: (row: T) => readonly unknown[]): unknown[][] => {
  const values = rows.map(valuesOf);
  return (values[0] ?? []).map((_, column) => values.map((row) => row[column]));
};

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
