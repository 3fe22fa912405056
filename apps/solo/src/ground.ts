import { Clock, PostgresEventStore, SystemClock } from '@strata/event-store';
import type { EventStore } from '@strata/event-store';
import { startPostgres } from '@strata/embedded-postgres';
import { PostgresClaims } from '@strata/http';
import type { Claims } from '@strata/http';
import { join } from 'node:path';

/** What every service stands on: databases, and the time. Closed last of all. */
export type Ground = Readonly<{
  iaas: EventStore;
  identity: EventStore;
  claims: Claims;
  clock: Clock;
  close(): Promise<void>;
}>;

type Place = Readonly<{ home: string; databaseUrl: string | undefined; fsync?: boolean }>;

/** One schema for each service, in the embedded PostgreSQL or in the one that is named. */
export const openGround = async (
  { home, databaseUrl, fsync = true }: Place,
  tell: (line: string) => void,
): Promise<Ground> => {
  const server = databaseUrl === undefined ? await startPostgres({ folder: join(home, 'postgres'), fsync, tell }) : undefined;
  const url = databaseUrl ?? server?.url ?? '';
  tell(
    server ? `PostgreSQL   embedded, on port ${server.port}` : 'PostgreSQL   the one that STRATA_DATABASE_URL names',
  );
  const [iaas, identity, claims] = await Promise.all([
    PostgresEventStore.open({ url, schema: 'iaas' }),
    PostgresEventStore.open({ url, schema: 'identity' }),
    PostgresClaims.open({ url, schema: 'gateway' }),
  ]);
  return {
    iaas,
    identity,
    claims,
    clock: new SystemClock(),
    async close() {
      await Promise.all([iaas.close(), identity.close(), claims.close()]);
      await server?.stop();
    },
  };
};
