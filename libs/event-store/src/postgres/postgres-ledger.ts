import { DatabaseError, escapeLiteral } from 'pg';
import type { Pool, PoolClient } from 'pg';
import { GENESIS } from '../chain.js';
import type { Head } from '../draft.js';
import type { SignedCheckpoint } from '../proof/checkpoint.js';
import { EntriesRefused, Ledger, LogNotEmpty } from '../proof/ledger.js';
import type { BrokenStream, Copies, Entry, LedgerSource } from '../proof/ledger.js';
import { hexes, ints, texts, times } from './binary-array.js';
import { BinaryEntries } from './binary-row.js';
import { CopyOut } from './copy-out.js';
import { RAW, rfc3339 } from './rows.js';

/** As `BinaryEntries` reads them. */
const COLUMNS = `e.position, e.stream, e.version, e.type, e.schema_version, e.id, e.at, e.recorded_at, e.data, e.meta,
  e.tenant, e.command, e.hash`;
const CHECKPOINT = `position, encode(hash, 'hex'), at, key, encode(signature, 'base64')`;
/** How many positions one statement reads. */
const SPAN = 10_000;
const ROWS = { rowMode: 'array', types: RAW } as const;

/** The rows of a schema, read by COPY as they are. */
export class PostgresLedger extends Ledger {
  constructor(private readonly pool: Pool) {
    super();
  }

  override async *entries(after: number) {
    const select = `SELECT ${COLUMNS} FROM es_event e WHERE e.lane = 0`;
    yield* this.#inSpans(select, after, '', () => new BinaryEntries().read);
  }

  override async *entriesOf(tenantId: string, after: number) {
    const only = `AND e.tenant = ${escapeLiteral(tenantId)}`;
    const select = `SELECT ${COLUMNS}, coalesce(b.hash, decode('${GENESIS}', 'hex')) FROM es_event e
      LEFT JOIN es_event b ON b.lane = e.lane AND b.position = e.position - 1 WHERE e.lane = 0`;
    yield* this.#inSpans(select, after, only, () => new BinaryEntries().readLone);
  }

  override async head(): Promise<Head> {
    const text = `SELECT head, encode(hash, 'hex'), recorded_at FROM es_lane WHERE lane = 0`;
    const [row] = await this.#rows(text);
    if (row === undefined) throw new Error('the log has lost its lane');
    return { position: Number(row[0]), hash: row[1] ?? '', recordedAt: rfc3339(row[2] ?? '') };
  }

  override async checkpoints() {
    return (await this.#rows(`SELECT ${CHECKPOINT} FROM es_checkpoint WHERE lane = 0 ORDER BY position`)).map(signedOf);
  }

  override async lastCheckpoint(upTo = Number.MAX_SAFE_INTEGER) {
    const where = 'WHERE lane = 0 AND position <= $1 ORDER BY position DESC LIMIT 1';
    return (await this.#rows(`SELECT ${CHECKPOINT} FROM es_checkpoint ${where}`, [upTo])).map(signedOf)[0];
  }

  override async keep(checkpoint: SignedCheckpoint) {
    await keep(this.pool, checkpoint);
  }

  override brokenStreams(limit: number) {
    return brokenStreams(this.pool, limit);
  }

  override async copies(limit: number): Promise<readonly Copies[]> {
    const text = `SELECT id, string_agg(position::text, ',' ORDER BY position) FROM es_event WHERE lane = 0
      GROUP BY id HAVING count(*) > 1 ORDER BY min(position) LIMIT $1`;
    return (await this.#rows(text, [limit])).map(([id, positions]) => ({
      id: id ?? '',
      positions: (positions ?? '').split(',').map(Number),
    }));
  }

  override async restore({ entries, checkpoints }: LedgerSource, then: () => Promise<void> = async () => {}) {
    const sql = await this.pool.connect();
    try {
      await sql.query('BEGIN');
      const { rows } = await sql.query<[string]>({
        text: 'SELECT head FROM es_lane WHERE lane = 0 FOR UPDATE',
        ...ROWS,
      });
      if (rows[0]?.[0] !== '0') throw new LogNotEmpty(Number(rows[0]?.[0]));
      let last: Entry | undefined;
      for await (const page of entries) {
        await insert(sql, page);
        last = page.at(-1) ?? last;
      }
      for (const checkpoint of checkpoints) await keep(sql, checkpoint);
      const [broken] = await brokenStreams(sql, 1);
      if (broken) throw new EntriesRefused(`the versions of ${broken.stream} are not 1, 2, 3 …`);
      if (last) {
        const { position, hash, recordedAt } = last;
        const text = `UPDATE es_lane SET head = $1, hash = decode($2, 'hex'), recorded_at = $3 WHERE lane = 0`;
        await sql.query(text, [position, hash, recordedAt]);
      }
      await then();
      await sql.query('COMMIT');
    } catch (error) {
      // With its connection the transaction goes, and with it all that was stored in it.
      sql.release(true);
      const isData = error instanceof DatabaseError && /^2[23]/.test(error.code ?? '');
      throw isData ? new EntriesRefused(error.message, { cause: error }) : error;
    }
    sql.release();
  }

  async #rows(text: string, values: unknown[] = []): Promise<readonly string[][]> {
    return (await this.pool.query<string[]>({ text, values, ...ROWS })).rows;
  }

  /**
   * A span at a time: one statement over all of the log would keep the database from clearing away old versions of the
   * head row for as long as it takes, and appends would wade through them.
   */
  async *#inSpans<E>(select: string, after: number, only: string, reader: () => (bytes: Buffer, at: number) => E) {
    const next = async (behind: number) => {
      const text = `SELECT min(position) FROM es_event e WHERE lane = 0 AND position > $1 AND position <= $2 ${only}`;
      const [row] = await this.#rows(text, [behind, Number.MAX_SAFE_INTEGER]);
      return row?.[0] ? Number(row[0]) : undefined;
    };
    for (let at = await next(after); at !== undefined; at = await next(at + SPAN - 1)) {
      const span = `e.position BETWEEN ${at} AND ${at + SPAN - 1} ORDER BY e.position`;
      yield* this.#copy(`${select} ${only} AND ${span}`, reader());
    }
  }

  async *#copy<E>(select: string, read: (bytes: Buffer, at: number) => E): AsyncGenerator<readonly E[]> {
    const client = await this.pool.connect();
    const copy = client.query(new CopyOut(select, read));
    try {
      yield* copy;
    } finally {
      // Whoever leaves early leaves a half-read answer on the connection, which then serves nobody else.
      client.release(!copy.isDone);
      copy.drop();
    }
  }
}

const signedOf = ([position, hash = '', at = '', keyId = '', signature = '']: readonly string[]): SignedCheckpoint => ({
  position: Number(position),
  hash,
  at: rfc3339(at),
  keyId,
  signature: signature.replaceAll('\n', ''),
});

const brokenStreams = async (sql: Pick<Pool, 'query'>, limit: number): Promise<readonly BrokenStream[]> => {
  const text = `SELECT stream, greatest(0, max(version) - count(*)) FROM es_event WHERE lane = 0 GROUP BY stream
    HAVING count(*) <> max(version) OR min(version) <> 1 ORDER BY stream LIMIT $1`;
  const { rows } = await sql.query<string[]>({ text, values: [limit], ...ROWS });
  return rows.map(([stream = '', missing]) => ({ stream, missing: Number(missing) }));
};

const keep = async (sql: Pick<Pool, 'query'>, { position, hash, at, keyId, signature }: SignedCheckpoint) => {
  const text = `INSERT INTO es_checkpoint (position, hash, at, key, signature)
    VALUES ($1, decode($2, 'hex'), $3, $4, decode($5, 'base64')) ON CONFLICT DO NOTHING`;
  await sql.query(text, [position, hash, at, keyId, signature]);
};

const insert = async (sql: PoolClient, page: readonly Entry[]) => {
  const text = `
    INSERT INTO es_event
      (position, stream, version, type, schema_version, id, at, recorded_at, meta, data, tenant, command, hash)
    SELECT $1::bigint + n - 1, stream, version, type, schema_version, id::uuid, at, recorded_at, meta::json, data::json,
      tenant, command::uuid, hash
    FROM unnest($2::text[], $3::int[], $4::text[], $5::int[], $6::text[], $7::timestamptz[], $8::timestamptz[], $9::text[],
      $10::text[], $11::text[], $12::text[], $13::bytea[]) WITH ORDINALITY
      AS e (stream, version, type, schema_version, id, at, recorded_at, meta, data, tenant, command, hash, n)`;
  const column = <T>(of: (entry: Entry) => T) => page.map(of);
  await sql.query({
    name: 'restore entries',
    text,
    values: [
      page[0]?.position,
      texts(column((it) => it.stream)),
      ints(column((it) => it.version)),
      texts(column((it) => it.type)),
      ints(column((it) => it.schemaVersion)),
      texts(column((it) => it.id)),
      times(column((it) => it.at)),
      times(column((it) => it.recordedAt)),
      texts(column((it) => it.meta)),
      texts(column((it) => it.data)),
      texts(column((it) => it.tenant)),
      texts(column((it) => it.command)),
      hexes(column((it) => it.hash)),
    ],
  });
};
