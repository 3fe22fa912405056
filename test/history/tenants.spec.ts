import { PostgresEventStore } from '@strata/event-store';
import { postgresForTests } from '@strata/testing/embedded-postgres';
import { history } from '../../apps/iaas/src/iaas.module.js';
import { TestPlatform, until } from '../platform.js';
import { TENANTS } from './life.js';
import type { Asker } from './life.js';
import { LISTS, at, tell } from './questions.js';

/** What one tenant writes into every field that takes words, and another must never read. */
const CANARY: Readonly<Record<Asker, string>> = { admin: 'canary-of-default', stranger: 'canary-of-stranger' };
const OTHER: Readonly<Record<Asker, Asker>> = { admin: 'stranger', stranger: 'admin' };

/** The second wall alone: code that forgets whom it reads for, in front of a database that does not. */
describe('a tenant that looks back, through code that forgets to ask for its tenant', () => {
  let store: PostgresEventStore;
  let platform: TestPlatform;
  let head = 0;
  const ids = new Map<Asker, readonly string[]>();

  const operate = async (as: Asker, path: string, body: object) => {
    const { status, body: begun } = await platform.ask('POST', path, body, { as });
    expect(status).toBe(202);
    const { id } = begun as { id: string }; // an operation, by contract
    await until('it has ended', async () => {
      const { body: now } = await platform.ask('GET', `/v1/operations/${id}`, undefined, { as });
      return (now as { status: string }).status === 'succeeded';
    });
    return id;
  };

  beforeAll(async () => {
    const url = await postgresForTests();
    store = await PostgresEventStore.open({ url, schema: `walls_${process.pid}`, history, filters: false });
    platform = await TestPlatform.create({ store });
    for (const as of TENANTS) {
      const canary = CANARY[as];
      const body = { name: canary, image: 'tiny', flavor: 'nano', labels: { canary } };
      const created = await operate(as, '/v1/instances', body);
      await operate(as, `/v1/instances/${canary}/stop`, {});
      const { body: shown } = await platform.ask('GET', `/v1/instances/${canary}`, undefined, { as });
      const { id, volumeId } = shown as { id: string; volumeId: string }; // an instance, by contract
      ids.set(as, [id, volumeId, created]);
    }
    head = await store.log.head();
  }, 60_000);
  afterAll(async () => {
    await platform.close();
    await store.close();
  });

  for (const as of TENANTS) {
    const own = CANARY[as];
    const others = CANARY[OTHER[as]];

    it(`as ${as}, finds its own and not one byte of another’s, at any position`, async () => {
      const seen: string[] = [];
      for (let position = 0; position <= head; position += 7) {
        for (const path of LISTS) seen.push(JSON.stringify(await tell(platform, as, at(path, position))));
      }
      for (const path of LISTS) seen.push(JSON.stringify(await tell(platform, as, at(path, head))));
      const all = seen.join('\n');
      expect(all).toContain(own);
      expect(all).not.toContain(others);
      for (const id of ids.get(OTHER[as]) ?? ['none']) expect(all).not.toContain(id);
    }, 60_000);

    it(`as ${as}, is told the same of another’s id as of one that nobody has`, async () => {
      const [instance = '', volume = '', operation = ''] = ids.get(OTHER[as]) ?? [];
      for (const [path, id, nobodys] of [
        ['/v1/instances', instance, 'inst_00000000000000000000000000'],
        ['/v1/instances', others, 'canary-of-nobody'],
        ['/v1/volumes', volume, 'vol_00000000000000000000000000'],
        ['/v1/operations', operation, 'op_00000000000000000000000000'],
        ['/v1/why', instance, 'inst_00000000000000000000000000'],
        ['/v1/why', operation, 'op_00000000000000000000000000'],
        ['/v1/why', others, 'canary-of-nobody'],
        ['/v1/events?resource=', instance, 'inst_00000000000000000000000000'],
      ] as const) {
        const address = (it: string) => (path.endsWith('=') ? `${path}${it}` : `${path}/${it}`);
        for (const instant of [head, head - 10]) {
          const [theirs, none] = await Promise.all(
            [id, nobodys].map((it) => tell(platform, as, at(address(it), instant))),
          );
          const said = JSON.stringify(theirs?.body).replaceAll(id, nobodys);
          expect([theirs?.status, said]).toEqual([none?.status, JSON.stringify(none?.body)]);
        }
      }
    });
  }
});
