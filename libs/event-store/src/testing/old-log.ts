import { Client } from 'pg';
import { DataSource } from 'typeorm';
import type { Recorded } from '../event.js';
import { CreateEventStore1 } from '../postgres/migrations/create-event-store-1.js';
import { connectionTo } from '../postgres/schema.js';

type OldEvent = Pick<
  Recorded,
  'position' | 'stream' | 'version' | 'type' | 'schemaVersion' | 'id' | 'at' | 'data' | 'meta'
>;

/** A log as 0.1.0 wrote it: its tables, streams without a tenant, commands beside the events. */
export const writeOldLog = async (
  place: Readonly<{ url: string; schema: string }>,
  events: readonly OldEvent[],
): Promise<void> => {
  const { connectionString, options } = connectionTo(place);
  const client = new Client({ connectionString, options });
  await client.connect();
  await client.query(`CREATE SCHEMA ${place.schema}`);
  const source = new DataSource({
    type: 'postgres',
    url: connectionString,
    schema: place.schema,
    extra: { options },
    installExtensions: false,
    migrations: [CreateEventStore1],
    migrationsTableName: 'migration',
    migrationsRun: true,
  });
  await source.initialize();
  await source.destroy();
  for (const { position, stream, version, type, schemaVersion, id, at, data, meta } of events) {
    const bare = stream.slice(stream.indexOf('/') + 1);
    await client.query(
      `INSERT INTO es_event (position, stream, version, type, schema_version, id, at, data, meta)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [position, bare, version, type, schemaVersion, id, at, JSON.stringify(data), JSON.stringify(meta)],
    );
    await client.query(
      `INSERT INTO es_command (stream, command, version, events) VALUES ($1, $2, $3, 1) ON CONFLICT DO NOTHING`,
      [bare, meta.commandId, version],
    );
  }
  await client.query('UPDATE es_lane SET head = $1', [events.length]);
  await client.end();
};
