import { postgresForTests } from '@strata/testing/embedded-postgres';
import { Client } from 'pg';
import { GENESIS, chained, lineOf } from '../../chain.js';
import { by, writeOldLog } from '../../testing/index.js';
import { PostgresEventStore } from '../postgres-event-store.js';
import { connectionTo } from '../schema.js';

const schema = `migration_${process.pid}`;
const command = '019aa000-0000-7000-8000-000000000001';

/** An instance of one tenant, and the fleet that all share. */
const event = (position: number, stream: string, type: string, at: string, commandId: string) => {
  const { at: _, ...meta } = by(commandId);
  const id = '019aa000-0000-7000-8000-00000000000a';
  return {
    position,
    stream: `ten_1/${stream}`,
    version: 1,
    type,
    schemaVersion: 1,
    id,
    at,
    data: { n: position },
    meta,
  };
};

it('a log of 0.1.0 gets tenants and proof, and goes on', async () => {
  const url = await postgresForTests();
  await writeOldLog({ url, schema }, [
    event(1, 'instance-inst_1', 'InstanceRequested', '2026-11-22T09:00:01Z', command),
    event(2, 'fleet-main', 'InstancePlaced', '2026-11-22T09:00:00Z', '019aa000-0000-7000-8000-000000000002'),
  ]);
  const admin = new Client(connectionTo({ url, schema }));
  await admin.connect();
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
