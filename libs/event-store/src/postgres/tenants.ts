import { Pool } from 'pg';
import type { PoolClient, QueryArrayConfig, QueryConfig, QueryResultRow } from 'pg';
import { connectionTo } from './schema.js';
import type { PostgresPlace } from './schema.js';

const CONNECTIONS = 6;

/**
 * Reads on behalf of one tenant at a time. Its connections have the role `strata_tenant`, to which the database shows the
 * rows of the tenant that the connection names and nothing else: a query that forgets to ask for its tenant finds nothing
 * of another's.
 */
export class Tenants {
  readonly pool: Pool;
  readonly #named = new WeakMap<PoolClient, string>();

  constructor(
    place: PostgresPlace,
    /** Whether queries also ask for their tenant by themselves. `false` is for the proof that the database needs no help. */
    readonly filters = true,
  ) {
    const { options, ...connection } = connectionTo(place);
    this.pool = new Pool({ ...connection, options: `${options} -c role=strata_tenant`, max: CONNECTIONS });
  }

  async query<Row extends QueryResultRow | unknown[]>(
    tenantId: string,
    question: QueryConfig | QueryArrayConfig,
  ): Promise<Row[]> {
    const client = await this.connect(tenantId);
    try {
      // How rows look is said by the question: as arrays where it has `rowMode`, else as objects.
      const { rows } = (await client.query(question as QueryConfig)) as unknown as { rows: Row[] };
      client.release();
      return rows;
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  /** A connection that sees this tenant's rows only, to be released by whoever asked for it. */
  async connect(tenantId: string): Promise<PoolClient> {
    const client = await this.pool.connect();
    if (this.#named.get(client) === tenantId) return client;
    try {
      await client.query({ name: 'tenant', text: `SELECT set_config('strata.tenant', $1, false)`, values: [tenantId] });
      this.#named.set(client, tenantId);
      return client;
    } catch (error) {
      // Whatever the connection names now, nobody shall ask through it again.
      client.release(true);
      throw error;
    }
  }
}
