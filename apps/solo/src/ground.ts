import { Clock, PostgresEventStore, SystemClock } from '@strata/event-store';
import type { EventStore } from '@strata/event-store';
import { startPostgres } from '@strata/embedded-postgres';
import { PostgresClaims } from '@strata/http';
import type { Claims } from '@strata/http';
import { CreateSubjectKeys1, PostgresSubjectKeys, Sealing } from '@strata/sealing';
import { join } from 'node:path';
import { history as iaasHistory } from '../../iaas/src/iaas.module.js';
import { history as identityHistory } from '../../identity/src/identity.module.js';

/** What every service stands on: databases, and the time. Closed last of all. */
export type Ground = Readonly<{
  iaas: EventStore;
  identity: EventStore;
  claims: Claims;
  /** Under the master key of the home. */
  sealing: Sealing;
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
    PostgresEventStore.open({ url, schema: 'iaas', history: iaasHistory }),
    PostgresEventStore.open({ url, schema: 'identity', history: identityHistory, migrations: [CreateSubjectKeys1] }),
    PostgresClaims.open({ url, schema: 'gateway' }),
  ]);
  const keys = new PostgresSubjectKeys({ url, schema: 'identity' });
  const sealing = await Sealing.with(keys, join(home, 'master.key'));
  return {
    iaas,
    identity,
    claims,
    sealing,
    clock: new SystemClock(),
    async close() {
      await Promise.all([iaas.close(), identity.close(), claims.close(), keys.close()]);
      await server?.stop();
    },
  };
};
