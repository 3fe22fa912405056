import { PLATFORM } from '@strata/event-sourcing';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { GENESIS, chained, lineOf } from '../../chain.js';

/** How many events are given their hashes in one statement. */
const PAGE = 2_000;

type Row = Readonly<Record<'position' | 'version' | 'schema_version', number>> &
  Readonly<Record<'stream' | 'type' | 'id' | 'at' | 'recorded_at' | 'meta' | 'data', string>>;

/**
 * Every event names its tenant, its stream belongs to one, and each is chained to the one before it. What says which
 * command an event came from moves from a table of its own into the event. Events of 0.1.0 get their proof here: from
 * now on nobody can change them unseen.
 *
 * `strata_tenant` is whoever reads on behalf of one tenant: row-level security shows it that tenant's rows and nothing
 * else, whatever the query forgets to ask for. Roles belong to the whole server, so all services share it.
 */
export class TenantsAndProof2 implements MigrationInterface {
  name = 'TenantsAndProof21795564800000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE es_lane
        ADD hash bytea NOT NULL DEFAULT decode('${GENESIS}', 'hex'),
        ADD recorded_at timestamptz NOT NULL DEFAULT 'epoch';
      ALTER TABLE es_event ADD tenant text COLLATE "C", ADD recorded_at timestamptz, ADD command uuid, ADD hash bytea;

      UPDATE es_event SET
        tenant = meta->>'tenantId',
        command = (meta->>'commandId')::uuid,
        recorded_at = times.recorded_at,
        stream = CASE
          WHEN stream ~ '^(fleet|image|flavor|network)-' THEN '${PLATFORM}/' || stream
          ELSE (meta->>'tenantId') || '/' || stream END
      FROM (SELECT position AS of, max(at) OVER (ORDER BY position) AS recorded_at FROM es_event) AS times
      WHERE position = of;
    `);
    await this.#chain(runner);
    await runner.query(`
      ALTER TABLE es_event
        ALTER tenant SET NOT NULL, ALTER recorded_at SET NOT NULL, ALTER command SET NOT NULL, ALTER hash SET NOT NULL;
      CREATE INDEX es_event_command ON es_event (command, stream);
      CREATE INDEX es_event_tenant ON es_event (tenant, position);
      DROP FUNCTION es_append;
      DROP TABLE es_command;
      UPDATE es_parked SET stream = e.stream FROM es_event e WHERE e.position = es_parked.position;

      SELECT pg_advisory_xact_lock(hashtext('strata makes its role'));
      DO $$ BEGIN
        CREATE ROLE strata_tenant NOLOGIN NOSUPERUSER NOBYPASSRLS;
      EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
      END $$;
      DO $$ BEGIN
        IF NOT pg_has_role('strata_tenant', 'MEMBER') THEN
          EXECUTE format('GRANT strata_tenant TO %I', current_user);
        END IF;
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO strata_tenant', current_schema());
      END $$;
      ALTER TABLE es_event ENABLE ROW LEVEL SECURITY;
      CREATE POLICY own ON es_event TO strata_tenant USING (tenant = current_setting('strata.tenant', true));
      GRANT SELECT ON es_event TO strata_tenant;
    `);
  }

  async down(): Promise<void> {
    throw new Error('there is no way back to a log without proof: restore the backup of before');
  }

  async #chain(runner: QueryRunner): Promise<void> {
    let before = GENESIS;
    let last: Row | undefined;
    for (let after = 0; ; after = last.position) {
      const rows = await this.#page(runner, after);
      last = rows.at(-1);
      if (last === undefined) return;
      const hashes: string[] = [];
      for (const row of rows) {
        const { schema_version: schemaVersion, recorded_at: recordedAt } = row;
        before = chained(before, lineOf({ ...row, schemaVersion, recordedAt }));
        hashes.push(before);
      }
      await runner.query(
        `UPDATE es_event SET hash = decode(given.hash, 'hex')
         FROM unnest($1::bigint[], $2::text[]) AS given (position, hash) WHERE es_event.position = given.position`,
        [rows.map(({ position }) => position), hashes],
      );
      await runner.query(`UPDATE es_lane SET hash = decode($1, 'hex'), recorded_at = $2`, [before, last.recorded_at]);
    }
  }

  async #page(runner: QueryRunner, after: number): Promise<readonly Row[]> {
    const rfc3339 = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
    const text = `
      SELECT position::float8 AS position, stream, version, type, schema_version, id::text AS id, ${rfc3339('at')} AS at,
        ${rfc3339('recorded_at')} AS recorded_at, meta::text AS meta, data::text AS data
      FROM es_event WHERE lane = 0 AND position > $1 ORDER BY position LIMIT ${PAGE}`;
    // The columns are those of `Row`, by the statement above.
    return (await runner.query(text, [after])) as readonly Row[];
  }
}
