import type { LogReport } from '@strata/contracts';
import { until } from '../platform.js';
import { SoloOnPostgres } from './solo-on-postgres.js';

/*
 * R18. Somebody who can write the database changes, deletes, doubles or moves events behind our back, while no server runs.
 * The next one finds it, at its start or soon after, names the event, says that it is not well, and takes no more events for
 * the stream; everything else goes on, and what is there can be read. Bound: two minutes.
 */

type Faults = readonly (readonly [kind: string, from: number, to: number])[];

describe('R18: a log in which rows were tampered with', () => {
  let untouched: SoloOnPostgres;
  let cloud: SoloOnPostgres;
  beforeAll(async () => {
    untouched = await SoloOnPostgres.create();
    await untouched.start();
    for (const name of ['a', 'b']) {
      await untouched.operate('POST', '/v1/instances', { id: `inst_${name}`, name, image: 'tiny', flavor: 'nano' });
    }
    await untouched.operate('POST', '/v1/instances/inst_a/stop', {});
    await untouched.leave();
  });
  beforeEach(async () => (cloud = await SoloOnPostgres.create(untouched)));
  afterEach(() => cloud.remove());
  afterAll(() => untouched.remove());

  const stream = (id: string) => `ten_default/instance-${id}`;
  /** The positions of an instance's events. */
  const positionsOf = async (id: string) => {
    const text = 'SELECT position::int FROM iaas.es_event WHERE stream = $1 ORDER BY position';
    const { rows } = await cloud.sql.query<{ position: number }>(text, [stream(id)]);
    return rows.map(({ position }) => position);
  };
  const at = (positions: readonly number[], index: number): number => positions.at(index) ?? 0;

  const faultsOf = async (log = 'iaas'): Promise<Faults> => {
    const { body } = await cloud.ask('GET', `/v1/logs/verification?log=${log}`);
    const [report] = (body as { logs: LogReport[] }).logs; // by contract
    return report?.faults.map(({ kind, from, to }) => [kind, from, to] as const) ?? [];
  };

  /** What nobody asked for is found: before it serves, or by the slow look over all of it that then begins. */
  const isNotWell = () =>
    until('it says that it is not well', async () => {
      const { body } = await cloud.ask('GET', '/readyz');
      const { status, checks } = body as { status: string; checks: Record<string, string> }; // by contract
      return status === 'degraded' && checks['iaas log'];
    });

  /** One of them runs and the other does not: what is asked would change either. */
  const verbs: Readonly<Record<string, string>> = { inst_a: 'start', inst_b: 'stop' };
  const verbOn = async (id: string) => {
    const { status, body } = await cloud.ask('POST', `/v1/instances/${id}/${verbs[id]}`, {});
    return [status, (body as { code?: string }).code];
  };

  const expectOnlyThatStreamIsClosed = async (hurt: string, well: string) => {
    expect(await verbOn(hurt)).toEqual([409, 'log.damaged']);
    expect((await cloud.instance(hurt)).id).toBe(hurt);
    expect((await cloud.operate('POST', `/v1/instances/${well}/stop`, {})).status).toBe('succeeded');
    const made = await cloud.operate('POST', '/v1/instances', { name: 'new', image: 'tiny', flavor: 'nano' });
    expect(made.status).toBe('succeeded');
    const { status, body } = await cloud.ask('POST', '/v1/logs/rebuild', {});
    expect([status, (body as { code?: string }).code]).toEqual([409, 'log.damaged']);
  };

  it('is as it was when nobody has: it is verified, signed, and well', async () => {
    const { rows } = await cloud.sql.query<{ isSigned: boolean }>(
      'SELECT (SELECT max(position) FROM iaas.es_checkpoint) = (SELECT head FROM iaas.es_lane) AS "isSigned"',
    );
    expect(rows).toEqual([{ isSigned: true }]);
    await cloud.start();
    expect([await faultsOf(), await faultsOf('identity')]).toEqual([[], []]);
    expect((await cloud.ask('GET', '/readyz')).body).toMatchObject({ status: 'ok' });
    expect(cloud.complaints).toEqual([]);
  });

  it('a flipped byte is named, and the thing can be read and not be changed', async () => {
    const position = at(await positionsOf('inst_a'), 2);
    const text = `UPDATE iaas.es_event SET data = replace(data::text, 'inst_a', 'inst_c')::json WHERE position = $1`;
    expect((await cloud.sql.query(text, [position])).rowCount).toBe(1);
    await cloud.start();
    const sentence = await isNotWell();
    expect(sentence).toContain('1 fault');
    expect(sentence).not.toContain('inst_a');
    expect(await faultsOf()).toEqual([['changed', position, position]]);
    expect(cloud.complaints.join('\n')).toContain(`event ${position} (${stream('inst_a')})`);
    await expectOnlyThatStreamIsClosed('inst_a', 'inst_b');
  }, 60_000);

  it('a deleted event is named by its place, and its thing found by what is missing there', async () => {
    const position = at(await positionsOf('inst_b'), 3);
    await cloud.sql.query('DELETE FROM iaas.es_event WHERE position = $1', [position]);
    await cloud.start();
    await isNotWell();
    expect(await faultsOf()).toEqual([['missing', position, position]]);
    expect(await verbOn('inst_b')).toEqual([409, 'log.damaged']);
    expect((await cloud.operate('POST', '/v1/instances/inst_a/start', {})).status).toBe('succeeded');
  }, 60_000);

  it('where nobody can say what has lost an event, nothing is written any more, and all can be read', async () => {
    const position = at(await positionsOf('inst_a'), -1);
    await cloud.sql.query('DELETE FROM iaas.es_event WHERE position = $1', [position]);
    await cloud.start();
    expect(await isNotWell()).toContain('nothing can be written');
    expect(await faultsOf()).toEqual([['missing', position, position]]);
    for (const id of ['inst_a', 'inst_b']) expect(await verbOn(id)).toEqual([409, 'log.damaged']);
    const spec = { name: 'new', image: 'tiny', flavor: 'nano' };
    expect((await cloud.ask('POST', '/v1/instances', spec)).body).toMatchObject({ code: 'log.damaged' });
    expect((await cloud.ask('GET', '/v1/instances')).status).toBe(200);
    expect((await cloud.ask('GET', '/v1/events')).status).toBe(200);
  }, 60_000);

  it('an event that was copied to the end is named', async () => {
    const [original, head] = [at(await positionsOf('inst_a'), 1), await lastPosition()];
    await cloud.sql.query(`
      INSERT INTO iaas.es_event SELECT lane, ${head} + 1, stream, version + 1000, type, schema_version, id, at, data, meta,
        tenant, recorded_at, command, hash FROM iaas.es_event WHERE position = ${original};
      UPDATE iaas.es_lane SET head = head + 1`);
    await cloud.start();
    await isNotWell();
    expect(await faultsOf()).toEqual([['copy', head + 1, head + 1]]);
    expect(await verbOn('inst_a')).toEqual([409, 'log.damaged']);
  }, 60_000);

  it('an event that shares its place with a copy is named', async () => {
    const original = at(await positionsOf('inst_a'), 1);
    await cloud.sql.query(`
      ALTER TABLE iaas.es_event DROP CONSTRAINT es_event_pkey;
      INSERT INTO iaas.es_event SELECT lane, position, stream, version + 1000, type, schema_version, id, at, data, meta,
        tenant, recorded_at, command, hash FROM iaas.es_event WHERE position = ${original}`);
    await cloud.start();
    await isNotWell();
    expect(await faultsOf()).toEqual([['copy', original, original]]);
  }, 60_000);

  it('events that have changed places are both named', async () => {
    const [one, other] = [at(await positionsOf('inst_a'), 1), at(await positionsOf('inst_b'), 2)];
    await cloud.sql.query(`
      UPDATE iaas.es_event SET position = -1 WHERE position = ${one};
      UPDATE iaas.es_event SET position = ${one} WHERE position = ${other};
      UPDATE iaas.es_event SET position = ${other} WHERE position = -1`);
    await cloud.start();
    await isNotWell();
    expect(await faultsOf()).toEqual([
      ['swapped', one, one],
      ['swapped', other, other],
    ]);
    for (const id of ['inst_a', 'inst_b']) expect(await verbOn(id)).toEqual([409, 'log.damaged']);
  }, 60_000);

  it('an event that was given to another tenant, or another command, is named', async () => {
    const [one, other] = [at(await positionsOf('inst_a'), 1), at(await positionsOf('inst_b'), 1)];
    await cloud.sql.query(`
      UPDATE iaas.es_event SET tenant = 'ten_other' WHERE position = ${one};
      UPDATE iaas.es_event SET command = gen_random_uuid() WHERE position = ${other}`);
    await cloud.start();
    await isNotWell();
    expect(await faultsOf()).toEqual([
      ['tenant', one, one],
      ['command', other, other],
    ]);
    expect(await verbOn('inst_a')).toEqual([409, 'log.damaged']);
    expect((await cloud.operate('POST', '/v1/instances/inst_b/stop', {})).status).toBe('succeeded');
  }, 60_000);

  it('a chain that was forged with all of its hashes is found out by what was signed, and a forged signature too', async () => {
    const { rows } = await cloud.sql.query<{ position: number }>(
      'SELECT position::int FROM iaas.es_checkpoint ORDER BY position DESC',
    );
    const signed = rows[0]?.position ?? 0;
    // Whoever can forge the whole chain can as well make the hash of one event another: the end is what is signed.
    await cloud.sql.query(`
      UPDATE iaas.es_event SET hash = sha256('forged') WHERE position = ${signed};
      UPDATE iaas.es_lane SET hash = sha256('forged')`);
    await cloud.start();
    await isNotWell();
    expect((await faultsOf()).map(([kind, , to]) => [kind, to])).toContainEqual(['hash', signed]);
    await cloud.stop();
    await cloud.sql.query(`UPDATE iaas.es_checkpoint SET hash = sha256('forged') WHERE position = ${signed}`);
    await cloud.start();
    await isNotWell();
    expect((await faultsOf()).map(([kind]) => kind)).toEqual(['signature', 'changed']);
  }, 60_000);

  it('events that came since the last checkpoint are looked at before anything is served', async () => {
    const position = at(await positionsOf('inst_a'), 2);
    await cloud.sql.query(`
      DELETE FROM iaas.es_checkpoint WHERE position >= ${position};
      UPDATE iaas.es_event SET at = at - interval '1 day' WHERE position = ${position}`);
    await cloud.start();
    expect((await cloud.ask('GET', '/readyz')).body).toMatchObject({ status: 'degraded' });
    expect(await verbOn('inst_a')).toEqual([409, 'log.damaged']);
    // A log that is known to be damaged is not signed: nobody shall say that it is right.
    await cloud.stop();
    const { rows } = await cloud.sql.query(`SELECT FROM iaas.es_checkpoint WHERE position >= ${position}`);
    expect(rows).toHaveLength(0);
  }, 60_000);

  it('an end that was cut off, with every trace of it but a signature, keeps the server from starting', async () => {
    const head = await lastPosition();
    await cloud.sql.query(`
      DELETE FROM iaas.es_event WHERE position > ${head - 3};
      UPDATE iaas.es_lane SET head = ${head - 3},
        hash = (SELECT hash FROM iaas.es_event WHERE position = ${head - 3})`);
    await expect(cloud.start()).rejects.toThrow('the log goes on at');
    expect(cloud.complaints.join('\n')).toContain(`events ${head - 2} to ${head}: the end is missing`);
  }, 60_000);

  const lastPosition = async () => {
    const { rows } = await cloud.sql.query<{ head: number }>('SELECT head::int FROM iaas.es_lane');
    return rows[0]?.head ?? 0;
  };
});
