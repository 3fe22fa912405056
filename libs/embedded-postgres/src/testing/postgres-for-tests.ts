import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { FolderInUse } from '../folder-lock.js';
import { startPostgres } from '../start-postgres.js';

let started: Promise<string> | undefined;

/**
 * The URL of an empty server, the same one for all test files of a worker. It ends with the worker. Its cluster stays
 * for the next run, which then starts in a moment; each suite takes a schema of its own.
 */
export const postgresForTests = (): Promise<string> => (started ??= start());

const start = async (): Promise<string> => {
  for (let slot = 0; ; slot++) {
    const folder = join(tmpdir(), `strata-test-postgres-${process.getuid?.()}-${slot}`);
    try {
      const { url } = await startPostgres({ folder, fsync: false });
      await empty(url);
      return url;
    } catch (error) {
      // Another worker was here first: each has a server of its own.
      if (!(error instanceof FolderInUse)) throw error;
    }
  }
};

const empty = async (url: string) => {
  const client = new Client(url);
  await client.connect();
  const { rows } = await client.query<Readonly<{ name: string }>>(
    `SELECT nspname AS name FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('public', 'information_schema')`,
  );
  for (const { name } of rows) await client.query(`DROP SCHEMA "${name}" CASCADE`);
  await client.end();
};
