import { PostgresEventStore } from '@strata/event-store';
import { postgresForTests } from '@strata/testing/embedded-postgres';
import { MemorySubjectKeys } from './memory-subject-keys.js';
import { CreateSubjectKeys1, PostgresSubjectKeys } from './postgres-subject-keys.js';
import { keepsSubjectKeys } from './testing/index.js';

keepsSubjectKeys('the memory', async () => new MemorySubjectKeys());

describe('a database', () => {
  const schema = `sealing_${process.pid}`;
  let open: readonly Readonly<{ close(): Promise<void> }>[] = [];
  afterAll(() => Promise.all(open.map((it) => it.close())));

  keepsSubjectKeys('it', async () => {
    const url = await postgresForTests();
    const store = await PostgresEventStore.open({ url, schema, migrations: [CreateSubjectKeys1] });
    const keys = new PostgresSubjectKeys({ url, schema });
    open = [store, keys];
    return keys;
  });
});
