import { Versions } from '@strata/event-sourcing';
import { PostgresEventStore } from '@strata/event-store';
import type { Recorded } from '@strata/event-store';
import { postgresForTests } from '@strata/testing/embedded-postgres';
import { writeOldLog } from '@strata/testing/event-store';
import { history } from '../../apps/iaas/src/iaas.module.js';
import { instanceView, shown } from '../../apps/iaas/src/instance/instance.view.js';
import type { InstanceRow } from '../../apps/iaas/src/instance/instance.view.js';
import { logOf } from '../corpus/corpus.js';
import { TestPlatform } from '../platform.js';
import { at } from './questions.js';

const RELEASE = '0.1.0';

describe(`a log that ${RELEASE} wrote`, () => {
  const lines = logOf(RELEASE, 'iaas');
  let store: PostgresEventStore;
  let platform: TestPlatform;
  /** What was there after each event, oldest first: folded here, one event after the other. */
  const listed: string[] = ['[]'];

  beforeAll(async () => {
    const place = { url: await postgresForTests(), schema: `old_${process.pid}` };
    await writeOldLog(place, lines);
    store = await PostgresEventStore.open({ ...place, history });
    platform = await TestPlatform.create({ store, hosts: 0 });
    const versions = new Versions(history);
    const rows = new Map<string, InstanceRow>();
    for (const line of lines) {
      // The view asks by `key` for the events that it knows.
      const event = versions.read<Recorded>({ ...line, lane: 0 }) as Parameters<typeof instanceView.key>[0];
      for (const key of [instanceView.key(event) ?? []].flat()) {
        const row = instanceView.evolve(rows.get(key), event, key);
        if (row) rows.set(key, row);
        else rows.delete(key);
      }
      const all = [...rows.values()].map((row) => shown(row.id, row));
      listed.push(JSON.stringify(all.toSorted((a, b) => (a.createdAt + a.id < b.createdAt + b.id ? -1 : 1))));
    }
  });
  afterAll(async () => {
    await platform.close();
    await store.close();
  });

  const ask = async (instant: string | number) => {
    const { body, headers } = await platform.ask('GET', at('/v1/instances?pageSize=1000', instant));
    const { items } = body as { items: object[] }; // a page, by contract
    return { items: JSON.stringify(items), position: Number(headers['strata-position']), at: headers['strata-at'] };
  };

  it('is read at each of its positions as it was', async () => {
    expect(new Set(listed).size).toBeGreaterThan(50);
    for (const [position, items] of listed.entries()) {
      const recordedAt = lines[position - 1]?.recordedAt;
      expect(await ask(position)).toEqual({ items, position, at: recordedAt });
    }
  }, 60_000);

  it('is read at each of its times as it was when the last event of that time was stored', async () => {
    for (const { recordedAt } of lines) {
      const last = lines.findLastIndex((line) => line.recordedAt <= recordedAt) + 1;
      expect(await ask(recordedAt)).toEqual({ items: listed[last], position: last, at: recordedAt });
    }
    expect(await ask('2025-12-31T00:00:00Z')).toEqual({ items: '[]', position: 0, at: undefined });
  }, 60_000);
});
