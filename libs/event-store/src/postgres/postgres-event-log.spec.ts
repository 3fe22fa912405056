import { Client } from 'pg';
import { v4 } from 'uuid';
import { postgresForTests } from '@strata/testing/embedded-postgres';
import { GENESIS, chained, lineOf } from '../chain.js';
import type { EventLog } from '../event-log.js';
import type { Appended, Recorded } from '../event.js';
import { by, until } from '../testing/index.js';
import { PostgresEventStore } from './postgres-event-store.js';

const noted = (text: string) => [{ type: 'Noted', data: { text } }];

/** What only a database can go through: many processes, transactions that dawdle, connections that die. */
describe('the log in PostgreSQL', () => {
  let schemas = 0;
  let schema: string;
  let store: PostgresEventStore;
  let admin: Client;
  const open = async () => PostgresEventStore.open({ url: await postgresForTests(), schema });

  beforeEach(async () => {
    schema = `log_${process.pid}_${++schemas}`;
    store = await open();
    admin = new Client(await postgresForTests());
    await admin.connect();
    await admin.query(`SET search_path = ${schema}`);
  });
  afterEach(async () => {
    await admin.end();
    await store.close();
  });

  const all = async (log: EventLog) => {
    const events: Recorded[] = [];
    for await (const page of log.readAll(0)) events.push(...page);
    return events;
  };

  it('loses no event between two processes and transactions that dawdle or roll back', async () => {
    const other = await open();
    const heard: number[] = [];
    const handle = async (batch: readonly Recorded[]) => void heard.push(...batch.map(({ position }) => position));
    const subscription = await store.subscribe({ name: 'gaps', from: 'start', handle });

    let isOver = false;
    const dawdle = async () => {
      for (let n = 0; !isOver; n++) {
        await admin.query('BEGIN');
        await admin.query('UPDATE es_lane SET head = head + 1');
        await admin.query('SELECT pg_sleep(0.01)');
        await admin.query('ROLLBACK');
      }
    };
    const dawdling = dawdle();
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      const { log } = writer % 2 ? store : other;
      for (let version = 0; version < 60; version++) {
        const answer = await log.append({
          stream: `w${writer}`,
          expectedVersion: version,
          events: noted(''),
          meta: by(),
        });
        expect(answer.outcome).toBe('appended');
      }
    });
    await Promise.all(writers);
    isOver = true;
    await dawdling;

    await subscription.waitFor(480, 8_000);
    expect(heard).toEqual(Array.from({ length: 480 }, (_, index) => index + 1));
    expect((await all(store.log)).map(({ position }) => position)).toEqual(heard);
    await other.close();
  }, 30_000);

  it('lets two processes race for the same versions, and one of them win each', async () => {
    const other = await open();
    const logs = [store.log, other.log];
    for (let version = 0; version < 40; version++) {
      const race = logs.map((log) =>
        log.append({ stream: 'a', expectedVersion: version, events: noted(''), meta: by() }),
      );
      const outcomes = (await Promise.all(race)).map(({ outcome }) => outcome);
      expect(outcomes.toSorted()).toEqual(['appended', 'conflict']);
    }
    expect(await store.log.head()).toBe(40);
    await other.close();
  });

  it('chains each event to the one before it, also when two processes race and lose', async () => {
    const other = await open();
    // Each batch is sent ahead of the answer to the one before it, and every second one loses its race.
    const rounds = Array.from({ length: 30 }, (_, round) =>
      [store.log, other.log].flatMap((log) => [
        log.append({ stream: `race${round}`, expectedVersion: 0, events: noted(''), meta: by() }),
        ...Array.from({ length: 12 }, (_n, n) =>
          log.append({ stream: `${n % 3 ? v4() : 'same'}`, expectedVersion: 0, events: noted(''), meta: by() }),
        ),
      ]),
    );
    await Promise.all(rounds.flat());
    const { rows } = await admin.query<{ hash: string; data: string; meta: string }>(
      `SELECT encode(hash, 'hex') AS hash, data::text, meta::text FROM es_event ORDER BY position`,
    );
    const events = await all(store.log);
    let hash = GENESIS;
    const chain = events.map((event, index) => {
      const { data = '', meta = '' } = rows[index] ?? {};
      return (hash = chained(hash, lineOf({ ...event, data, meta })));
    });
    expect(rows.map((row) => row.hash)).toEqual(chain);
    expect(events.map(({ position }) => position)).toEqual(chain.map((_, index) => index + 1));
    await other.close();
  }, 30_000);

  it('hears of another process within a moment', async () => {
    const other = await open();
    let rings = 0;
    store.log.onAppend(() => rings++);
    await other.log.append({ stream: 'a', expectedVersion: 0, events: noted('1'), meta: by() });
    await until('it rang', () => rings > 0);
    expect(await store.log.read(0, 10)).toEqual(await all(other.log));
    await other.close();
  });

  it('has every acknowledged append exactly once, however often its connection is killed', async () => {
    let isOver = false;
    let killed = 0;
    const kill = async () => {
      while (!isOver) {
        const text = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE application_name = $1 AND query ~ 'INSERT INTO es_event' AND pid <> pg_backend_pid()`;
        killed += (await admin.query(text, [`strata ${schema}`])).rowCount ?? 0;
        await new Promise((resolve) => setTimeout(resolve, 40));
      }
    };
    const killing = kill();
    const answers: Appended[] = [];
    const writers = Array.from({ length: 16 }, async (_, writer) => {
      for (let version = 0; version < 40; version++) {
        const one = { stream: `w${writer}`, expectedVersion: version, events: noted(`${version}`), meta: by() };
        const answer = await store.log.append(one);
        answers.push(answer);
        expect(await store.log.append(one)).toEqual({ ...answer, outcome: 'repeated' });
      }
    });
    await Promise.all(writers);
    isOver = true;
    await killing;

    expect(killed).toBeGreaterThan(3);
    expect(answers.filter(({ outcome }) => outcome === 'conflict')).toEqual([]);
    const events = await all(store.log);
    expect(events.map(({ position }) => position)).toEqual(Array.from({ length: 640 }, (_, index) => index + 1));
    const told = answers.flatMap((answer) => ('events' in answer ? answer.events : []));
    expect(told.toSorted((a, b) => a.position - b.position)).toEqual(events);
  }, 40_000);

  it('keeps an append that the database cannot take from hurting those beside it', async () => {
    const types = Array.from({ length: 40 }, (_, n) => (n % 10 === 3 ? 'no\0text' : 'Noted'));
    const answers = await Promise.allSettled(
      types.map((type, n) =>
        store.log.append({ stream: `s${n}`, expectedVersion: 0, events: [{ type, data: {} }], meta: by() }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(
      types.map((type) => (type === 'Noted' ? 'fulfilled' : 'rejected')),
    );
    expect((await all(store.log)).map(({ position }) => position)).toEqual(Array.from({ length: 36 }, (_, n) => n + 1));
  });

  it('stores what it can of a batch in which some lost', async () => {
    await store.log.append({ stream: 's7', expectedVersion: 0, events: noted(''), meta: by() });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        store.log.append({ stream: `s${n}`, expectedVersion: 0, events: noted(''), meta: by() }),
      ),
    );
    expect(answers.map(({ outcome }) => outcome).indexOf('conflict')).toBe(7);
    expect(answers.filter(({ outcome }) => outcome === 'appended')).toHaveLength(19);
    expect(await store.log.head()).toBe(20);
  });

  it('is read in order, whatever order its rows lie in', async () => {
    const commands = Array.from({ length: 26 }, () => ({
      events: Array.from({ length: 1_000 }, () => noted('x')).flat(),
      meta: by(),
    }));
    await store.log.appendAll({ stream: 'long', expectedVersion: 0, commands });
    const expected = Array.from({ length: 26_000 }, (_, index) => index + 1);
    const positions = async (after: number) => {
      const found: number[] = [];
      for await (const page of store.log.readAll(after)) found.push(...page.map(({ position }) => position));
      return found;
    };
    expect(await positions(0)).toEqual(expected);
    // A row that is written again lies behind all others. The last time, so many lie before it that it is not waited for.
    for (const moved of ['position % 500 = 7', 'position BETWEEN 5000 AND 6000', 'position = 1']) {
      await admin.query(`UPDATE es_event SET version = version WHERE ${moved}`);
      expect(await positions(0)).toEqual(expected);
    }
    expect(await positions(3)).toEqual(expected.slice(3));
    expect(await positions(25_000)).toEqual(expected.slice(25_000));
  }, 30_000);

  it('moves a cursor and its effect together, or neither', async () => {
    await admin.query('CREATE TABLE effect (position bigint PRIMARY KEY)');
    let failures = 0;
    const subscription = await store.subscribe({
      name: 'effect',
      from: 'start',
      batchSize: 1,
      handle: async (batch, { sql }) => {
        for (const { position } of batch) await sql?.query('INSERT INTO effect VALUES ($1)', [position]);
        if (++failures % 2 === 1) throw new Error('after the effect');
      },
    });
    for (let version = 0; version < 5; version++) {
      await store.log.append({ stream: 'a', expectedVersion: version, events: noted(''), meta: by() });
    }
    await subscription.waitFor(5);
    const { rows } = await admin.query('SELECT count(*)::int AS effects FROM effect');
    expect(rows).toEqual([{ effects: 5 }]);
  });

  it('parks nothing because connections are killed under its subscriptions', async () => {
    await admin.query('CREATE TABLE effect (position bigint PRIMARY KEY)');
    let kills = 0;
    const subscription = await store.subscribe({
      name: 'killed',
      from: 'start',
      tries: 1,
      batchSize: 5,
      handle: async (batch, { sql }) => {
        if (kills++ < 4) {
          const { rows } = (await sql?.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')) ?? { rows: [] };
          await admin.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
        }
        for (const { position } of batch) await sql?.query('INSERT INTO effect VALUES ($1)', [position]);
      },
    });
    for (let version = 0; version < 20; version++) {
      await store.log.append({ stream: 'a', expectedVersion: version, events: noted(''), meta: by() });
    }
    await subscription.waitFor(20, 8_000);
    expect(kills).toBeGreaterThan(4);
    expect(await subscription.parked()).toEqual([]);
    const { rows } = await admin.query('SELECT count(*)::int AS effects FROM effect');
    expect(rows).toEqual([{ effects: 20 }]);
  });
});
