import { postgresForTests } from '@strata/testing/embedded-postgres';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { GENESIS, chained, lineOf } from '../../chain.js';
import { by } from '../../testing/index.js';
import { PostgresEventStore } from '../postgres-event-store.js';
import { connectionTo } from '../schema.js';
import { CreateEventStore1 } from './create-event-store-1.js';

const schema = `migration_${process.pid}`;
const command = '019aa000-0000-7000-8000-000000000001';

/** A log as 0.1.0 wrote it: an instance of one tenant, and the fleet that all share. */
const writeOldLog = async (url: string) => {
  const { connectionString, options } = connectionTo({ url, schema });
  const admin = new Client({ connectionString, options });
  await admin.connect();
  await admin.query(`CREATE SCHEMA ${schema}`);
  const source = new DataSource({
    type: 'postgres',
    url: connectionString,
    schema,
    extra: { options },
    installExtensions: false,
    migrations: [CreateEventStore1],
    migrationsTableName: 'migration',
    migrationsRun: true,
  });
  await source.initialize();
  await source.destroy();
  const meta = (commandId: string) => JSON.stringify({ ...by(commandId), at: undefined });
  await admin.query(
    `INSERT INTO es_event (position, stream, version, type, schema_version, id, at, data, meta) VALUES
       (1, 'instance-inst_1', 1, 'InstanceRequested', 1, $1, '2026-11-22T09:00:01Z', '{"n": 1}', $2),
       (2, 'fleet-main', 1, 'InstancePlaced', 1, $1, '2026-11-22T09:00:00Z', '{"n": 2}', $3);
    `
      .replaceAll('\n', ' ')
      .replace(';', ''),
    ['019aa000-0000-7000-8000-00000000000a', meta(command), meta('019aa000-0000-7000-8000-000000000002')],
  );
  await admin.query(`INSERT INTO es_command (stream, command, version, events) VALUES ('instance-inst_1', $1, 1, 1)`, [
    command,
  ]);
  await admin.query('UPDATE es_lane SET head = 2');
  return admin;
};

it('a log of 0.1.0 gets tenants and proof, and goes on', async () => {
  const url = await postgresForTests();
  const admin = await writeOldLog(url);
  const store = await PostgresEventStore.open({ url, schema });
  const append = (stream: string, version: number, commandId?: string) =>
    store.log.append({ stream, expectedVersion: version, events: [{ type: 'T', data: {} }], meta: by(commandId) });
  expect(await append('ten_1/instance-inst_1', 0, command)).toMatchObject({ outcome: 'repeated', version: 1 });
  expect(await append('ten_1/instance-inst_1', 1)).toMatchObject({ outcome: 'appended', version: 2 });
  const events = await store.log.read(0, 9);
  expect(events.map(({ stream, recordedAt }) => [stream, recordedAt])).toEqual([
    ['ten_1/instance-inst_1', '2026-11-22T09:00:01.000Z'],
    ['ten_platform/fleet-main', '2026-11-22T09:00:01.000Z'],
    ['ten_1/instance-inst_1', events[2]?.recordedAt],
  ]);

  const { rows } = await admin.query<{ hash: string; data: string; meta: string }>(
    `SELECT encode(hash, 'hex') AS hash, data::text, meta::text FROM es_event ORDER BY position`,
  );
  let before = GENESIS;
  events.forEach((event, index) => {
    const row = rows[index];
    before = chained(before, lineOf({ ...event, data: row?.data ?? '', meta: row?.meta ?? '' }));
    expect(row?.hash).toBe(before);
  });
  await admin.end();
  await store.close();
});
