import { Versions } from '@strata/event-sourcing';
import { escapeLiteral } from 'pg';
import type { Pool, PoolClient } from 'pg';
import { SystemClock } from '../clock.js';
import { Doorbell } from '../doorbell.js';
import { draftOf, recordsOf } from '../draft.js';
import type { Draft } from '../draft.js';
import { EventLog } from '../event-log.js';
import type { AppendGroup, Appended, EventFilter, Recorded, Stored } from '../event.js';
import { BinaryPages, pagesBetween } from './binary-pages.js';
import { BinaryEvents } from './binary-row.js';
import { CopyOut } from './copy-out.js';
import { conditionsOf } from './filter-sql.js';
import type { Say } from './filter-sql.js';
import { Lane } from './lane.js';
import { EVENT_COLUMNS, RAW, recordOf } from './rows.js';
import { connectionTo } from './schema.js';
import type { PostgresPlace } from './schema.js';
import { Tail } from './tail.js';
import type { Tenants } from './tenants.js';

/** How many of the newest events stay in memory. */
const KEPT = 10_000;

/** How soon what another process appended is noticed, in milliseconds. */
const POLL = 100;

type Row = string[];

/** The log in a schema of a PostgreSQL database. Open it with {@link PostgresEventLog.open}, on a migrated schema. */
export class PostgresEventLog extends EventLog {
  readonly #lane: Lane;
  readonly #doorbell = new Doorbell();
  readonly #tail: Tail;
  readonly #versions: Versions;
  #isClosed = false;
  #watching: Promise<void> = Promise.resolve();
  readonly #timer: NodeJS.Timeout;

  static async open(place: PostgresPlace, pool: Pool, tenants: Tenants): Promise<PostgresEventLog> {
    return new PostgresEventLog(place, pool, tenants, await headOf(pool));
  }

  private constructor(
    place: PostgresPlace,
    private readonly pool: Pool,
    private readonly tenants: Tenants,
    head: number,
  ) {
    super();
    this.#versions = new Versions(place.history);
    this.#lane = new Lane(connectionTo(place), place.clock ?? new SystemClock());
    this.#tail = new Tail(head, KEPT);
    this.#timer = setInterval(() => (this.#watching = this.#watching.then(() => this.#watch())), POLL).unref();
  }

  override async appendAll(group: AppendGroup): Promise<readonly Appended[]> {
    const draft = draftOf(group, this.#versions);
    const verdict = await this.#lane.append(draft);
    if (verdict === 'refused') return this.#refusal(draft);
    const records = recordsOf(draft, verdict, this.#versions);
    this.#tail.push(records.flat());
    this.#doorbell.ring();
    let version = draft.expectedVersion;
    return records.map((events) => ({ outcome: 'appended', version: (version += events.length), events }));
  }

  override async readStream(stream: string, after = 0, limit: number | null = null) {
    const where = 'WHERE stream = $1 AND version > $2 ORDER BY version LIMIT $3';
    return this.#events('read stream', where, [stream, after, limit]);
  }

  /** What another process appended is seen within a tenth of a second; what this one appended, at once. */
  override async read(after: number, limit: number, filter?: EventFilter): Promise<readonly Recorded[]> {
    if (filter === undefined) {
      const recent = this.#tail.read(after, limit);
      if (recent) return recent;
      return this.#events('read', 'WHERE lane = 0 AND position > $1 ORDER BY position LIMIT $2', [after, limit]);
    }
    const values: unknown[] = [after, limit];
    const conditions = ['lane = 0', 'position > $1', ...this.#conditions(filter, (value) => `$${values.push(value)}`)];
    const where = `WHERE ${conditions.join(' AND ')} ORDER BY position LIMIT $2`;
    if (filter.tenantId === undefined) return this.#events('', where, values);
    return this.#eventsOf(filter.tenantId, where, values);
  }

  override async *readAll(after: number, upTo = Infinity) {
    const head = Math.min(await this.head(), upTo);
    if (after >= head) return;
    rangeOf(after, head);
    const pages = new BinaryPages();
    const read = (bytes: Buffer, at: number) => pages.read(bytes, at).map((event) => this.#versions.read(event));
    for await (const some of this.#copied(this.pool, new CopyOut(pagesBetween(after, head), read, 10)))
      yield some.flat();
  }

  override async *scan(after: number, until: number, filter: EventFilter = {}) {
    if (after >= until) return;
    const { tenantId } = filter;
    const source = tenantId === undefined ? this.pool : { connect: () => this.tenants.connect(tenantId) };
    const conditions = [...rangeOf(after, until), ...this.#conditions(filter, literal)];
    const events = new BinaryEvents();
    const read = (bytes: Buffer, at: number) => this.#versions.read(events.read(bytes, at));
    const select = `SELECT ${EVENT_COLUMNS} FROM es_event WHERE ${conditions.join(' AND ')} ORDER BY position`;
    yield* this.#copied(source, new CopyOut(select, read));
  }

  override async readAt(positions: readonly number[], tenantId?: string) {
    const values: unknown[] = [positions];
    const own = tenantId === undefined ? {} : { tenantId };
    const conditions = this.#conditions(own, (value) => `$${values.push(value)}`);
    const where = `WHERE ${['lane = 0', 'position = ANY ($1)', ...conditions].join(' AND ')} ORDER BY position`;
    return tenantId === undefined ? this.#events('', where, values) : this.#eventsOf(tenantId, where, values);
  }

  async *#copied<Row>(source: Readonly<{ connect(): Promise<PoolClient> }>, copy: CopyOut<Row>) {
    const client = await source.connect();
    client.query(copy);
    try {
      yield* copy;
    } finally {
      // Whoever leaves early leaves a half-read answer on the connection, which then serves nobody else.
      client.release(!copy.isDone);
      copy.drop();
    }
  }

  override async recall(stream: string, commandIds: readonly string[]) {
    const text = 'SELECT coalesce(max(version), 0) FROM es_event WHERE stream = $1';
    const { rows } = await this.pool.query<Row>({ name: 'version', text, values: [stream], ...ROWS });
    const where = 'WHERE command = ANY ($1::uuid[]) AND stream = $2 ORDER BY version';
    const events = await this.#events('recall', where, [commandIds, stream]);
    const commands = new Map<string, Stored>();
    for (const event of events) {
      const { commandId } = event.meta;
      const before = commands.get(commandId)?.events ?? [];
      commands.set(commandId, { version: event.version, events: [...before, event] });
    }
    return { version: Number(rows[0]?.[0] ?? 0), commands };
  }

  override head() {
    return headOf(this.pool);
  }

  override get known() {
    return this.#tail.head;
  }

  override async positionAt(time: string) {
    let [low, high] = [0, await this.head()];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (await this.#isStoredBy(middle, time)) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  override onAppend(listener: () => void) {
    return this.#doorbell.listen(listener);
  }

  override async close() {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await Promise.all([this.#lane.close(), this.#watching]);
  }

  /** Why a group was refused: which of its commands are stored, and where the stream stands now. */
  async #refusal({ stream, commands }: Draft): Promise<readonly Appended[]> {
    const ids = commands.map(({ id }) => id);
    const { version, commands: known } = await this.recall(stream, ids);
    return ids.map((id): Appended => {
      const stored = known.get(id);
      return stored ? { outcome: 'repeated', ...stored } : { outcome: 'conflict', version };
    });
  }

  /** Times of storing never go back, so a search by halves finds the last event before a time without an index. */
  async #isStoredBy(position: number, time: string): Promise<boolean> {
    const text = 'SELECT 1 FROM es_event WHERE lane = 0 AND position = $1 AND recorded_at <= to_timestamp($2::float8)';
    const { rowCount } = await this.pool.query({
      name: 'stored by',
      text,
      values: [position, Date.parse(time) / 1000],
    });
    return rowCount === 1;
  }

  /** `filters: false` is for the proof that the database keeps tenants apart by itself. */
  #conditions(filter: EventFilter, say: Say): string[] {
    const { tenantId: _, ...rest } = filter;
    return conditionsOf(this.tenants.filters ? filter : rest, say);
  }

  async #eventsOf(tenantId: string, where: string, values: readonly unknown[]): Promise<readonly Recorded[]> {
    const text = `SELECT ${EVENT_COLUMNS} FROM es_event ${where}`;
    return (await this.tenants.query<Row>(tenantId, { text, values: [...values], ...ROWS })).map(this.#recorded);
  }

  readonly #recorded = (row: Row) => this.#versions.read(recordOf(row));

  async #events(name: string, where: string, values: readonly unknown[]): Promise<readonly Recorded[]> {
    const text = `SELECT ${EVENT_COLUMNS} FROM es_event ${where}`;
    const { rows } = await this.pool.query<Row>({ ...(name ? { name } : {}), text, values: [...values], ...ROWS });
    return rows.map(this.#recorded);
  }

  /** Another process may write the same log: its appends ring here too, a little later. */
  async #watch(): Promise<void> {
    if (this.#isClosed) return;
    try {
      const head = await headOf(this.pool);
      if (head <= this.#tail.head) return;
      this.#tail.head = head;
      this.#doorbell.ring();
    } catch {
      // A database that is away has nothing new; it is asked again in a moment, and appends and reads report it.
    }
  }
}

const rangeOf = (after: number, until: number): readonly string[] => {
  for (const it of [after, until]) if (!Number.isSafeInteger(it)) throw new Error(`${it} is no position`);
  return ['lane = 0', `position > ${after}`, `position <= ${until}`];
};

const literal: Say = (value) => {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? escapeLiteral(value) : `ARRAY[${value.map(escapeLiteral).join(', ')}]::text[]`;
};

const ROWS = { rowMode: 'array', types: RAW } as const;

const headOf = async (pool: Pool) => {
  const { rows } = await pool.query<Row>({ name: 'head', text: 'SELECT head FROM es_lane WHERE lane = 0', ...ROWS });
  return Number(rows[0]?.[0]);
};
