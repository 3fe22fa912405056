import { PostgresEventStore } from '@strata/event-store';
import { CreateSubjectKeys1, MasterKey, PostgresSubjectKeys } from '@strata/sealing';
import { postgresForTests } from '@strata/testing/embedded-postgres';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { Identity, PASSWORD } from './identity.fixtures.js';
import { history } from './identity.module.js';

/** The whole of it on the database that it is made for, through a restart and an erasure. */
describe('identity on PostgreSQL', () => {
  const schema = `identity_${process.pid}`;
  const master = MasterKey.random();
  let home: string;
  let url: string;
  let open: { close(): Promise<void> }[] = [];
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'strata-identity-'));
    url = await postgresForTests();
  });
  afterEach(async () => {
    for (const it of open) await it.close();
    open = [];
  });
  afterAll(() => rm(home, { recursive: true }));

  const start = async (filters = true) => {
    const place = { url, schema, history, migrations: [CreateSubjectKeys1], filters };
    const store = await PostgresEventStore.open(place);
    const subjects = new PostgresSubjectKeys({ url, schema });
    const cloud = await Identity.open({ store, subjects, master, home });
    open = [cloud, subjects];
    return cloud;
  };
  const person = { email: 'olga-canary@acme.example', displayName: 'Olga Canary', password: PASSWORD };

  it('keeps tenants, users, keys and sessions over a restart', async () => {
    const first = await start();
    const olga = await first.user(await first.tenant('acme'), 'owner', 'olga', person);
    const { body } = await first.login('olga', PASSWORD, { tenant: 'acme' });
    await Promise.all(open.map((it) => it.close()));
    const second = await start();
    expect(second.admin).toBe(first.admin);
    for (const key of [olga.key, String(body['key'])]) {
      expect((await second.get(key, 'GET /v1/users'))['items']).toMatchObject([{ name: 'olga', role: 'owner' }]);
      expect(await second.ask(key, 'GET /v1/tenants/default')).toMatchObject({ status: 404 });
    }
    expect(await second.login('OLGA-CANARY@acme.example', PASSWORD, { tenant: 'acme' })).toMatchObject({ status: 201 });
  }, 30_000);

  it('shows a tenant its own people and keys, also when its queries forget to ask for the tenant', async () => {
    const cloud = await start(false);
    const otto = await cloud.user(await cloud.tenant('other'), 'owner', 'otto');
    for (const route of ['GET /v1/users', 'GET /v1/keys?user=all', 'GET /v1/tenants']) {
      const { items } = await cloud.get(otto.key, route);
      expect(items).toHaveLength(1);
      expect(JSON.stringify(items)).not.toMatch(/olga|acme/i);
    }
  }, 30_000);

  it('forgets a person in every table', async () => {
    const cloud = await start();
    const headers = { 'strata-tenant': 'acme' };
    await cloud.user((await cloud.get(cloud.admin, 'GET /v1/tenants/acme'))['id'] as string, 'owner', 'next'); // by contract
    const { id } = await cloud.get(cloud.admin, 'GET /v1/users/olga', { headers });
    await cloud.get(cloud.admin, 'DELETE /v1/users/olga', { headers });
    const rows = await everything();
    expect(rows).toContain(String(id));
    for (const canary of ['canary', PASSWORD]) expect(rows.toLowerCase()).not.toContain(canary.toLowerCase());
    const client = new Client(url);
    await client.connect();
    const kept = await client.query(`SELECT wrapped FROM ${schema}.subject_key WHERE subject = $1`, [id]);
    const names = await client.query(`SELECT FROM ${schema}.subject_name WHERE subject = $1`, [id]);
    await client.end();
    expect([kept.rows, names.rowCount]).toEqual([[{ wrapped: null }], 0]);
    expect(await cloud.login('olga', PASSWORD, { tenant: 'acme' })).toMatchObject({ status: 401 });
  }, 30_000);

  /** Every row of every table, as text. */
  const everything = async () => {
    const client = new Client(url);
    await client.connect();
    const { rows: tables } = await client.query<{ name: string }>(
      'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = $1',
      [schema],
    );
    let text = '';
    for (const { name } of tables) {
      const { rows } = await client.query<{ row: string }>(`SELECT it::text AS row FROM ${schema}.${name} AS it`);
      text += rows.map(({ row }) => row).join('\n');
    }
    await client.end();
    return text;
  };
});
