import { Clock, PostgresEventStore, SystemClock } from '@strata/event-store';
import type { EventStore } from '@strata/event-store';
import { startPostgres } from '@strata/embedded-postgres';
import { PostgresClaims } from '@strata/http';
import type { Claims } from '@strata/http';
import { CreateSubjectKeys1, PostgresSubjectKeys, Sealing } from '@strata/sealing';
import { join } from 'node:path';
import { history as iaasHistory } from '../../iaas/src/iaas.module.js';
import { history as identityHistory } from '../../identity/src/identity.module.js';
import { Proof } from './proof.js';

/** What every service stands on: databases, and the time. Closed last of all. */
export type Ground = Readonly<{
  iaas: EventStore;
  identity: EventStore;
  claims: Claims;
  /** Under the master key of the home. */
  sealing: Sealing;
  proof: Pick<Proof, 'all'>;
  clock: Clock;
  close(): Promise<void>;
}>;

type Place = Readonly<{ home: string; databaseUrl: string | undefined; fsync?: boolean }>;

type Stores = Readonly<{ url: string; iaas: EventStore; identity: EventStore; close(): Promise<void> }>;

/** One schema for each service, in the embedded PostgreSQL or in the one that is named. */
export const openStores = async (
  { home, databaseUrl, fsync = true }: Place,
  tell: (line: string) => void,
): Promise<Stores> => {
  const server =
    databaseUrl === undefined ? await startPostgres({ folder: join(home, 'postgres'), fsync, tell }) : undefined;
  const url = databaseUrl ?? server?.url ?? '';
  tell(
    server ? `PostgreSQL   embedded, on port ${server.port}` : 'PostgreSQL   the one that STRATA_DATABASE_URL names',
  );
  const [iaas, identity] = await Promise.all([
    PostgresEventStore.open({ url, schema: 'iaas', history: iaasHistory }),
    PostgresEventStore.open({ url, schema: 'identity', history: identityHistory, migrations: [CreateSubjectKeys1] }),
  ]);
  const close = async () => {
    await Promise.all([iaas.close(), identity.close()]);
    await server?.stop();
  };
  return { url, iaas, identity, close };
};

export const openGround = async (place: Place, tell: (line: string) => void): Promise<Ground> => {
  const { home } = place;
  const { url, iaas, identity, close } = await openStores(place, tell);
  const claims = await PostgresClaims.open({ url, schema: 'gateway' });
  const keys = new PostgresSubjectKeys({ url, schema: 'identity' });
  const sealing = await Sealing.with(keys, join(home, 'master.key'));
  const clock = new SystemClock();
  const proof = await Proof.open(home, { iaas, identity }, clock);
  return {
    iaas,
    identity,
    claims,
    sealing,
    proof,
    clock,
    async close() {
      await proof.close();
      await Promise.all([claims.close(), keys.close()]);
      await close();
    },
  };
};
