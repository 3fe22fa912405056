import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * PostgreSQL looks at a row's tenant before it calls anything that might tell of a row, and knows of few functions that they
 * tell nothing. Comparing two jsonb values tells nothing but the outcome; said so, what a listing asks for goes into the
 * index beside the tenant, instead of through all rows of the tenant. Only a superuser may say it: who is none has slow
 * lists where tenants are large, and nothing else.
 */
export class ScalarsDoNotLeak5 implements MigrationInterface {
  name = 'ScalarsDoNotLeak51795570000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DO $$
      DECLARE comparison regprocedure;
      BEGIN
        FOR comparison IN
          SELECT oid FROM pg_proc WHERE proname ~ '^jsonb_(eq|lt|le|gt|ge)$' AND NOT proleakproof
        LOOP
          EXECUTE format('ALTER FUNCTION %s LEAKPROOF', comparison);
        END LOOP;
      EXCEPTION
        WHEN insufficient_privilege THEN NULL;
        -- Another schema says it in the same moment, for the whole database.
        WHEN internal_error THEN NULL;
      END $$`);
  }

  async down(): Promise<void> {
    // It was true before, too.
  }
}
