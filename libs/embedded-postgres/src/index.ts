export { FolderInUse } from './folder-lock.js';
export { startPostgres } from './start-postgres.js';
export type { Postgres, PostgresOptions } from './start-postgres.js';
