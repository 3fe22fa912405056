import { Logger } from '@nestjs/common';
import { Pool } from 'pg';
import { EventStore } from '../event-store.js';
import type { ViewDefinition } from '../view-definition.js';
import { PostgresCheckpoints } from './postgres-checkpoints.js';
import { PostgresEventLog } from './postgres-event-log.js';
import { PostgresViewTable } from './postgres-view-table.js';
import { connectionTo, migrate } from './schema.js';
import type { Migration, PostgresPlace } from './schema.js';

/** How many connections one service reads and follows with; the log's writer has one more. */
const CONNECTIONS = 8;

/** One service's store: a schema in a PostgreSQL database. */
export class PostgresEventStore extends EventStore {
  /** Brings the schema up to date first. `migrations` are those of the service's own tables. */
  static async open(
    place: PostgresPlace & Readonly<{ migrations?: readonly Migration[] }>,
  ): Promise<PostgresEventStore> {
    await migrate(place, place.migrations);
    const pool = new Pool({ ...connectionTo(place), max: CONNECTIONS });
    const logger = new Logger(`database ${place.schema}`);
    // A connection may break while nobody uses it, or between two statements. Whoever uses it next hears of it from
    // the statement itself; without these listeners, Node would end the process.
    pool.on('error', (error) => logger.warn(error.message));
    pool.on('connect', (client) => client.on('error', (error) => logger.warn(error.message)));
    return new PostgresEventStore(await PostgresEventLog.open(place, pool), pool);
  }

  private constructor(
    log: PostgresEventLog,
    private readonly pool: Pool,
  ) {
    super(log, new PostgresCheckpoints(pool));
  }

  override async close() {
    await super.close();
    await this.pool.end();
  }

  protected override tableOf<Row extends object, Column extends string>(definition: ViewDefinition<Row, Column>) {
    return PostgresViewTable.open(definition, this.pool);
  }
}
