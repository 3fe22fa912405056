import type { LogReport } from '@strata/contracts';
import { typeid } from 'typeid-js';
import { SoloOnPostgres } from '../faults/solo-on-postgres.js';

/*
 * S34, the part of the log. Whatever is asked and done leaves an entry that says who asked, in a chain; whoever changes any
 * column of any entry in the database is found out, and the entry is named. Bound: one minute.
 */
describe('S34: entries of what was asked are chained', () => {
  let cloud: SoloOnPostgres;
  beforeAll(async () => {
    cloud = await SoloOnPostgres.create();
    await cloud.start();
  });
  afterAll(() => cloud.remove());

  const ask = async (method: string, path: string, body?: object) => {
    const requestId = typeid('req').toString();
    const response = await fetch(new URL(path, cloud.apiUrl), {
      method,
      headers: { ...cloud.headers, 'x-request-id': requestId, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    await response.text();
    return { status: response.status, requestId };
  };

  /** Who did what because of a request, in any log. */
  const entriesOf = async (requestId: string) => {
    const part = (schema: string) =>
      `SELECT type, meta->>'actor' AS actor FROM ${schema}.es_event WHERE meta->>'causationId' = $1`;
    const text = `${part('iaas')} UNION ALL ${part('identity')}`;
    return (await cloud.sql.query<{ type: string; actor: string }>(text, [requestId])).rows;
  };

  const faultsOf = async (log: string) => {
    const { body } = await cloud.ask('GET', `/v1/logs/verification?log=${log}`);
    return (body as { logs: LogReport[] }).logs.flatMap(({ faults }) => faults); // by contract
  };

  it('each names who asked; what was refused leaves none', async () => {
    const flavor = { name: 'odd', vcpus: 1, memoryMiB: 256, diskGiB: 1 };
    const done = [
      await ask('PUT', '/v1/quota', { instances: 50 }),
      await ask('POST', '/v1/flavors', flavor),
      await ask('DELETE', '/v1/flavors/odd'),
      await ask('POST', '/v1/instances', { name: 'web', image: 'tiny', flavor: 'nano' }),
      await ask('POST', '/v1/tenants', { name: 'blue' }),
      await ask('POST', '/v1/logs/rebuild', {}),
    ];
    for (const { status, requestId } of done) {
      expect(status).toBeLessThan(300);
      const entries = await entriesOf(requestId);
      expect(entries.length).toBeGreaterThan(0);
      expect(new Set(entries.map(({ actor }) => actor))).toEqual(new Set(['user_admin']));
    }
    const refused = await ask('POST', '/v1/instances', { name: 'web', image: 'tiny', flavor: 'huge' });
    expect([refused.status, await entriesOf(refused.requestId)]).toEqual([404, []]);
    expect([await faultsOf('iaas'), await faultsOf('identity')]).toEqual([[], []]);
  }, 30_000);

  it('whoever changes any column of one is found out', async () => {
    const { rows: columns } = await cloud.sql.query<{ name: string; type: string }>(
      `SELECT attname AS name, format_type(atttypid, NULL) AS type FROM pg_attribute
       WHERE attrelid = 'iaas.es_event'::regclass AND attnum > 0 AND NOT attisdropped`,
    );
    const changes: Readonly<Record<string, (column: string) => string>> = {
      text: (it) => `${it} || 'x'`,
      integer: (it) => `${it} + 1000`,
      smallint: (it) => `${it} + 1`,
      uuid: () => 'gen_random_uuid()',
      'timestamp with time zone': (it) => `${it} + interval '1 microsecond'`,
      json: (it) => `(${it}::text || ' ')::json`,
      bytea: (it) => `sha256(${it})`,
      bigint: (it) => `${it} + 1000000`,
    };
    const told: Record<string, string> = {};
    for (const { name, type } of columns.filter((it) => it.name !== 'lane')) {
      const change = changes[type];
      if (!change) throw new Error(`nobody has thought of changing ${name}, which is of ${type}`);
      const where = `id = (SELECT id FROM iaas.es_event WHERE position = 7)`;
      await cloud.sql.query(`CREATE TABLE IF NOT EXISTS kept AS SELECT * FROM iaas.es_event WHERE position = 7`);
      await cloud.sql.query(`UPDATE iaas.es_event SET ${name} = ${change(name)} WHERE ${where}`);
      const faults = await faultsOf('iaas');
      told[name] = faults.map(({ kind, from }) => `${kind} ${from}`).join(', ');
      await cloud.sql.query(`
        DELETE FROM iaas.es_event WHERE position IN (7, 1000007);
        INSERT INTO iaas.es_event SELECT * FROM kept`);
      expect([name, await faultsOf('iaas')]).toEqual([name, []]);
    }
    const { position, tenant, command, hash, ...others } = told;
    expect([tenant, command, hash]).toEqual(['tenant 7', 'command 7', 'hash 7']);
    expect(position).toContain('missing 7');
    expect(Object.keys(others).toSorted()).toEqual([
      ...['at', 'data', 'id', 'meta', 'recorded_at', 'schema_version', 'stream', 'type', 'version'],
    ]);
    expect(new Set(Object.values(others))).toEqual(new Set(['changed 7']));
  }, 60_000);
});
