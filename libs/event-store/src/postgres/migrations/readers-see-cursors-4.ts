import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Whoever reads on behalf of a tenant also reads how far the view is that it reads. A cursor is a name and a position, and
 * says nothing of anybody.
 */
export class ReadersSeeCursors4 implements MigrationInterface {
  name = 'ReadersSeeCursors41795568400000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('GRANT SELECT (subscription, position) ON es_cursor TO strata_tenant');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('REVOKE SELECT (subscription, position) ON es_cursor FROM strata_tenant');
  }
}
