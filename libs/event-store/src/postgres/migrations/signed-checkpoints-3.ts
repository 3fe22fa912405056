import type { MigrationInterface, QueryRunner } from 'typeorm';

/** That the log had a hash at a position, signed by a key of the home: see `proof/checkpoint.ts`. */
export class SignedCheckpoints3 implements MigrationInterface {
  name = 'SignedCheckpoints31795572000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE es_checkpoint (
        lane smallint NOT NULL DEFAULT 0,
        position bigint NOT NULL,
        hash bytea NOT NULL,
        at timestamptz NOT NULL,
        key text NOT NULL,
        signature bytea NOT NULL,
        PRIMARY KEY (lane, position)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE es_checkpoint');
  }
}
