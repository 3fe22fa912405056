import { Logger } from '@nestjs/common';
import { DatabaseError, Pool } from 'pg';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { SubjectKeys } from './subject-keys.js';
import type { Holder } from './subject-keys.js';

const CONNECTIONS = 4;
/** A server that accepts and says nothing is as good as none. */
const PATIENCE = { connectionTimeoutMillis: 5_000, query_timeout: 10_000, keepAlive: true };
const UNIQUE_VIOLATION = '23505';

/** Keys in two tables of a service's schema, which {@link CreateSubjectKeys1} makes with the other tables of that service. */
export class PostgresSubjectKeys extends SubjectKeys {
  readonly #pool: Pool;

  constructor({ url, schema }: Readonly<{ url: string; schema: string }>) {
    super();
    if (!/^[a-z][a-z0-9_]*$/.test(schema)) throw new Error(`"${schema}" cannot be a schema's name`);
    const options = `-c search_path=${schema} -c timezone=UTC`;
    this.#pool = new Pool({
      connectionString: url,
      options,
      max: CONNECTIONS,
      ...PATIENCE,
      application_name: `strata ${schema} keys`,
    });
    const logger = new Logger(`keys of ${schema}`);
    // Whoever uses a broken connection next hears of it from the statement; without a listener Node would end the process.
    this.#pool.on('error', (error) => logger.warn(error.message));
  }

  override async keep(subject: string, wrapped: Buffer) {
    await this.#pool.query(
      'INSERT INTO subject_key (subject, wrapped) VALUES ($1, $2) ON CONFLICT (subject) DO NOTHING',
      [subject, wrapped],
    );
    return (await this.of([subject])).get(subject);
  }

  override async of(subjects: readonly string[]) {
    const { rows } = await this.#pool.query<Readonly<{ subject: string; wrapped: Buffer }>>({
      name: 'keys of subjects',
      text: 'SELECT subject, wrapped FROM subject_key WHERE subject = ANY ($1) AND wrapped IS NOT NULL',
      values: [subjects],
    });
    return new Map(rows.map(({ subject, wrapped }) => [subject, wrapped]));
  }

  override async name(subject: string, digests: readonly string[], since: string): Promise<readonly string[]> {
    for (;;) {
      const { rows } = await this.#pool.query<Readonly<{ digest: string }>>(
        'SELECT digest FROM subject_name WHERE digest = ANY ($1) AND subject <> $2',
        [digests, subject],
      );
      if (rows.length > 0) return rows.map(({ digest }) => digest);
      if (await this.#put(subject, digests, since)) return [];
    }
  }

  override async find(digest: string): Promise<Holder | undefined> {
    const { rows } = await this.#pool.query<Readonly<{ subject: string; since: Date }>>({
      name: 'holder of a name',
      text: 'SELECT subject, since FROM subject_name WHERE digest = $1',
      values: [digest],
    });
    return rows[0] && { subject: rows[0].subject, since: rows[0].since.toISOString() };
  }

  override async forget(subject: string) {
    await this.#pool.query(
      `WITH names AS (DELETE FROM subject_name WHERE subject = $1)
       INSERT INTO subject_key (subject, wrapped) VALUES ($1, NULL)
       ON CONFLICT (subject) DO UPDATE SET wrapped = NULL`,
      [subject],
    );
  }

  override async any() {
    const { rows } = await this.#pool.query<Readonly<{ subject: string; wrapped: Buffer }>>(
      'SELECT subject, wrapped FROM subject_key WHERE wrapped IS NOT NULL LIMIT 1',
    );
    return rows[0];
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  /** One statement, thus all or none. `false`: somebody else was faster by a moment, and is seen now. */
  async #put(subject: string, digests: readonly string[], since: string): Promise<boolean> {
    try {
      // In order, so that two who want the same names wait for one another and not in a ring.
      await this.#pool.query(
        `INSERT INTO subject_name (digest, subject, since)
         SELECT digest, owner.subject, $3
         FROM (SELECT subject FROM subject_key WHERE subject = $1 AND wrapped IS NOT NULL FOR SHARE) AS owner,
           unnest($2::text[]) AS digest
         WHERE NOT EXISTS (SELECT FROM subject_name AS own WHERE own.digest = digest.digest AND own.subject = $1)
         ORDER BY digest`,
        [subject, digests, since],
      );
      return true;
    } catch (error) {
      if (error instanceof DatabaseError && error.code === UNIQUE_VIOLATION) return false;
      throw error;
    }
  }
}

/** A subject whose key is NULL was forgotten: it stays, so that it never gets another one. */
export class CreateSubjectKeys1 implements MigrationInterface {
  name = 'CreateSubjectKeys1795651200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE subject_key (subject text COLLATE "C" PRIMARY KEY, wrapped bytea);
      CREATE TABLE subject_name (
        digest text COLLATE "C" PRIMARY KEY,
        subject text COLLATE "C" NOT NULL REFERENCES subject_key,
        since timestamptz NOT NULL
      );
      CREATE INDEX ON subject_name (subject);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE subject_name, subject_key');
  }
}
