import { Logger } from '@nestjs/common';
import { Pool } from 'pg';
import { EventStore } from '../event-store.js';
import type { ViewDefinition } from '../view-definition.js';
import { PostgresCheckpoints } from './postgres-checkpoints.js';
import { PostgresEventLog } from './postgres-event-log.js';
import { PostgresLedger } from './postgres-ledger.js';
import { PostgresSnapshot } from './postgres-snapshot.js';
import { PostgresViewTable } from './postgres-view-table.js';
import { connectionTo, migrate } from './schema.js';
import type { Migration, PostgresPlace } from './schema.js';
import { Tenants } from './tenants.js';

/** How many connections one service reads and follows with; the log's writer has one more. */
const CONNECTIONS = 8;

/** One service's store: a schema in a PostgreSQL database. */
export class PostgresEventStore extends EventStore {
  /**
   * Brings the schema up to date first. `migrations` are those of the service's own tables. `filters: false` lets queries
   * forget whom they ask for, and is for the proof that the database does not.
   */
  static async open(
    place: PostgresPlace & Readonly<{ migrations?: readonly Migration[]; filters?: boolean }>,
  ): Promise<PostgresEventStore> {
    await migrate(place, place.migrations);
    const pool = new Pool({ ...connectionTo(place), max: CONNECTIONS });
    const tenants = new Tenants(place, place.filters);
    const logger = new Logger(`database ${place.schema}`);
    // A connection may break while nobody uses it, or between two statements. Whoever uses it next hears of it from
    // the statement itself; without these listeners, Node would end the process.
    for (const it of [pool, tenants.pool]) {
      it.on('error', (error) => logger.warn(error.message));
      it.on('connect', (client) => client.on('error', (error) => logger.warn(error.message)));
    }
    return new PostgresEventStore(await PostgresEventLog.open(place, pool, tenants), pool, tenants);
  }

  private constructor(
    log: PostgresEventLog,
    private readonly pool: Pool,
    private readonly tenants: Tenants,
  ) {
    super(log, new PostgresCheckpoints(pool), new PostgresLedger(pool));
  }

  override async close() {
    await super.close();
    await Promise.all([this.pool.end(), this.tenants.pool.end()]);
  }

  protected override tableOf<Row extends object, Column extends string>(definition: ViewDefinition<Row, Column>) {
    return PostgresViewTable.open(definition, this.pool, this.tenants);
  }
  protected override snapshot() {
    return PostgresSnapshot.take(this.pool);
  }
}
