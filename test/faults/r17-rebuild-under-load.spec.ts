import type { InstanceView, LogRebuild, Operation } from '@strata/contracts';
import { PostgresEventStore } from '@strata/event-store';
import { history } from '../../apps/iaas/src/iaas.module.js';
import { Copies } from '../bench/history/copies.js';
import { record } from '../bench/history/recording.js';
import { until } from '../platform.js';
import { SoloOnPostgres } from './solo-on-postgres.js';

/*
 * R17. All read models are folded anew, again and again, while instances are made and stopped and while lists are read. The
 * rows that come out are those that were there, at the same position, to the hash; whoever reads sees all that he has seen
 * before; and a rebuild that its process did not live to end is ended by the next. Bound: two minutes.
 */

/** What has happened before: enough that a rebuild takes a while. */
const HISTORY = 30_000;
const ROUNDS = 3;

describe('R17: read models are rebuilt under load', () => {
  let cloud: SoloOnPostgres;
  beforeAll(async () => {
    cloud = await SoloOnPostgres.create();
    const store = await PostgresEventStore.open({ url: cloud.url, schema: 'iaas', history });
    const { before, again } = await record();
    const copies = new Copies(store.log);
    await copies.tell(before);
    await copies.repeat(again, Math.ceil(HISTORY / again.length), { names: 100, ms: 20_000 });
    await store.close();
    await cloud.start();
    await cloud.ask('PUT', '/v1/quota', { instances: 10_000, vcpus: 10_000, memoryMiB: 10_000_000, diskGiB: 100_000 });
    await until('the views have caught up', async () => (await list()).size > 0 && (await lagsAreGone()), 60);
  });
  afterAll(() => cloud.remove());

  const list = async (): Promise<ReadonlyMap<string, InstanceView>> => {
    const all = new Map<string, InstanceView>();
    for (let token: string | null = ''; token !== null;) {
      const more = token === '' ? '' : `&pageToken=${token}`;
      const { body } = await cloud.ask('GET', `/v1/instances?pageSize=500${more}`);
      const page = body as { items: InstanceView[]; nextPageToken: string | null }; // by contract
      for (const item of page.items) all.set(item.id, item);
      token = page.nextPageToken;
    }
    return all;
  };

  const lagsAreGone = async () => {
    const text = await (await fetch(new URL('/metrics', cloud.apiUrl), { headers: cloud.headers })).text();
    return [...text.matchAll(/^strata_subscription_lag_events\{.*\} (\d+)$/gm)].every(([, lag]) => Number(lag) < 50);
  };

  const rebuilt = async (): Promise<LogRebuild> => {
    const operation = await cloud.operate('POST', '/v1/logs/rebuild', {});
    expect([operation.name, operation.status]).toEqual(['rebuild-views', 'succeeded']);
    return (await cloud.ask('GET', '/v1/logs/rebuild')).body as LogRebuild; // by contract
  };

  const expectEqual = ({ views, events }: LogRebuild) => {
    expect(views.map(({ view }) => view)).toEqual(
      expect.arrayContaining(['iaas/instance', 'iaas/operation', 'iaas/trail', 'identity/key']),
    );
    expect(events).toBeGreaterThan(HISTORY);
    for (const { view, before, after } of views) expect([view, before]).toEqual([view, after]);
  };

  it('comes to the rows that were there, while they change, and nobody sees a part of them', async () => {
    let isOver = false;
    const made: string[] = [];
    const write = async (writer: number) => {
      for (let n = 0; !isOver; n++) {
        const name = `load-${writer}-${n}`;
        const id = `inst_load${writer}x${n}`;
        const { status } = await cloud.ask('POST', '/v1/instances', { id, name, image: 'tiny', flavor: 'nano' });
        if (status !== 202) throw new Error(`${name} answered ${status}`);
        made.push(id);
        const [earlier] = made.slice(-40);
        // One that is busy, or stopped already, says so.
        if (earlier !== undefined) await cloud.ask('POST', `/v1/instances/${earlier}/stop`, {});
      }
    };
    let reads = 0;
    const read = async () => {
      const seen = new Set<string>();
      while (!isOver) {
        const found = await list();
        const lost = [...seen].filter((id) => !found.has(id));
        if (lost.length > 0) throw new Error(`${lost.length} of ${seen.size} instances were not there: ${lost[0]}`);
        for (const id of found.keys()) seen.add(id);
        reads++;
      }
      return seen.size;
    };
    const load = Promise.all([write(1), write(2), write(3), read(), read()]);
    const results: LogRebuild[] = [];
    try {
      for (let round = 0; round < ROUNDS; round++)
        results.push(await Promise.race([rebuilt(), load.then(() => never())]));
    } finally {
      isOver = true;
    }
    await load;
    results.forEach(expectEqual);
    expect([made.length > 10, reads > 5]).toEqual([true, true]);
    const found = await list();
    expect(made.filter((id) => !found.has(id))).toEqual([]);
    expectEqual(await rebuilt());
  }, 120_000);

  const never = (): never => {
    throw new Error('the load ended too soon');
  };

  it('one that its process did not live to end is ended by the next', async () => {
    const { body } = await cloud.ask('POST', '/v1/logs/rebuild', {});
    const { id } = body as Operation; // 202 answers an operation, by contract.
    expect((await cloud.ask('POST', '/v1/logs/rebuild', {})).body).toMatchObject({
      code: 'log.rebuilding',
      details: { operationId: id },
    });
    await cloud.stop();
    const { rows } = await cloud.sql.query('SELECT FROM iaas.es_event WHERE type = $1', ['RebuildFinished']);
    await cloud.start();
    const ended = await until(
      'it ends',
      async () => {
        const operation = (await cloud.ask('GET', `/v1/operations/${id}`)).body as Operation; // by contract
        return operation.status !== 'running' && operation;
      },
      60,
    );
    expect([ended.status, rows.length]).toEqual(['succeeded', ROUNDS + 1]);
    expectEqual((await cloud.ask('GET', '/v1/logs/rebuild')).body as LogRebuild); // by contract
    const { rows: left } = await cloud.sql.query(
      `SELECT tablename FROM pg_tables WHERE tablename ~ '_(beside|before)$'`,
    );
    expect(left).toEqual([]);
  }, 120_000);
});
