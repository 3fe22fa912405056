import { postgresForTests } from '@strata/testing/embedded-postgres';
import type { Recorded } from '../event.js';
import { defineView } from '../view-definition.js';
import { by } from '../testing/index.js';
import { PostgresEventStore } from './postgres-event-store.js';

const notes = defineView<{ text: string; owner: string }, 'text'>({
  name: 'notes',
  key: ({ stream }) => stream,
  evolve: (_, { data, meta }) => ({ text: 'text' in data ? String(data.text) : '', owner: meta.tenantId }),
  tenant: ({ owner }) => owner,
  columns: { text: ({ text }) => text },
});

/** Two walls stand between tenants: what the code asks for, and what the database shows. Here the second stands alone. */
describe('the database, asked by code that forgets to ask for its tenant', () => {
  let schemas = 0;
  let store: PostgresEventStore;

  beforeEach(async () => {
    const schema = `tenants_${process.pid}_${++schemas}`;
    store = await PostgresEventStore.open({ url: await postgresForTests(), schema, filters: false });
    for (const tenantId of ['ten_a', 'ten_b']) {
      const events = [{ type: 'Noted', data: { text: `of ${tenantId}` } }];
      await store.log.append({
        stream: `${tenantId}/note-1`,
        expectedVersion: 0,
        events,
        meta: by(undefined, tenantId),
      });
    }
  });
  afterEach(() => store.close());

  it('shows a tenant its own events', async () => {
    const seen = await Promise.all(
      ['ten_a', 'ten_b', 'ten_c', ''].map((tenantId) => store.log.read(0, 9, { tenantId })),
    );
    expect(seen.map((events) => events.map(({ stream }) => stream))).toEqual([
      ['ten_a/note-1'],
      ['ten_b/note-1'],
      [],
      [],
    ]);
  });

  it('shows a tenant its own rows, however they are asked for', async () => {
    const view = await store.view(notes);
    await view.waitFor(2);
    await view.subscription.stop();
    const anew = await store.view(notes);
    for (const tenantId of ['ten_a', 'ten_b', 'ten_a']) {
      const rows = anew.of(tenantId);
      expect((await rows.list()).rows).toEqual([{ text: `of ${tenantId}`, owner: tenantId }]);
      expect((await rows.list({ orderBy: ['text'], direction: 'descending' })).rows).toHaveLength(1);
      expect([...(await rows.getMany(['ten_a/note-1', 'ten_b/note-1'])).keys()]).toEqual([`${tenantId}/note-1`]);
      expect((await rows.look(tenantId === 'ten_a' ? 'ten_b/note-1' : 'ten_a/note-1')).row).toBeUndefined();
      expect([...(await rows.count('text')).counts]).toEqual([[`of ${tenantId}`, 1]]);
    }
  });

  it('shows a tenant its own past', async () => {
    const view = await store.view(notes);
    for (const tenantId of ['ten_a', 'ten_b', 'ten_c', '']) {
      const own = tenantId === 'ten_a' || tenantId === 'ten_b' ? [{ text: `of ${tenantId}`, owner: tenantId }] : [];
      const rows = await view.asOf(2, tenantId);
      expect((await rows.list()).rows).toEqual(own);
      expect([...(await rows.getMany(['ten_a/note-1', 'ten_b/note-1'])).values()]).toEqual(own);
      const found = (events: readonly Recorded[]) => events.map(({ data }) => data);
      const texts = own.map(({ text }) => ({ text }));
      expect(found(await store.log.readAt([1, 2], tenantId))).toEqual(texts);
      for await (const page of store.log.scan(0, 2, { tenantId, nouns: ['note'] })) expect(found(page)).toEqual(texts);
    }
  });
});
