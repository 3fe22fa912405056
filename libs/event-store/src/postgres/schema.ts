import type { History } from '@strata/event-sourcing';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import type { MigrationInterface } from 'typeorm';
import type { Clock } from '../clock.js';
import { CreateEventStore1 } from './migrations/create-event-store-1.js';
import { ReadersSeeCursors4 } from './migrations/readers-see-cursors-4.js';
import { ScalarsDoNotLeak5 } from './migrations/scalars-do-not-leak-5.js';
import { SignedCheckpoints3 } from './migrations/signed-checkpoints-3.js';
import { TenantsAndProof2 } from './migrations/tenants-and-proof-2.js';

/** A migration's class, as TypeORM takes it. */
export type Migration = new () => MigrationInterface;

/**
 * Where a service keeps everything: a database, and a schema in it of its own. `clock` gives the times of storing, `history`
 * says how events of earlier releases are read.
 */
export type PostgresPlace = Readonly<{ url: string; schema: string; clock?: Clock; history?: History }>;

/**
 * Nobody waits for ever: a server that accepts and says nothing is as good as none. Answers take milliseconds; the longest
 * statements, which replace the rows of a view, some seconds.
 */
const PATIENCE = { connectionTimeoutMillis: 5_000, query_timeout: 10_000, keepAlive: true };

/**
 * What every connection agrees on: the schema, so that no statement names it; times in UTC; and plans made once, since
 * every statement here has one good plan. It goes by an index, also where the table was empty when it was made.
 */
export const connectionTo = ({ url, schema }: PostgresPlace) => {
  if (!/^[a-z][a-z0-9_]*$/.test(schema)) throw new Error(`"${schema}" cannot be a schema's name`);
  const plans = '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off';
  const options = `-c search_path=${schema} -c timezone=UTC -c datestyle=ISO ${plans}`;
  return { connectionString: url, options, application_name: `strata ${schema}`, ...PATIENCE };
};

/** Brings the schema up to date. Processes that start together wait for one another. */
export const migrate = async (place: PostgresPlace, migrations: readonly Migration[] = []): Promise<void> => {
  const { connectionString, options, connectionTimeoutMillis } = connectionTo(place);
  const { schema } = place;
  const guard = new Client({ connectionString, connectionTimeoutMillis });
  await guard.connect();
  try {
    await guard.query('SELECT pg_advisory_lock(hashtext($1))', [`strata migrates ${schema}`]);
    await guard.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
    const source = new DataSource({
      type: 'postgres',
      url: connectionString,
      schema,
      extra: { options, connectionTimeoutMillis },
      installExtensions: false,
      migrations: [
        CreateEventStore1,
        TenantsAndProof2,
        SignedCheckpoints3,
        ReadersSeeCursors4,
        ScalarsDoNotLeak5,
        ...migrations,
      ],
      migrationsTableName: 'migration',
      migrationsRun: true,
    });
    await source.initialize();
    await source.destroy();
  } finally {
    await guard.end();
  }
};
