import { Versions } from '@strata/event-sourcing';
import { postgresForTests } from '@strata/testing/embedded-postgres';
import { Client } from 'pg';
import { GENESIS } from '../chain.js';
import { draftOf } from '../draft.js';
import { by } from '../testing/index.js';
import { ask, batchOf } from './append.js';
import { PostgresEventStore } from './postgres-event-store.js';
import { connectionTo } from './schema.js';

const schema = `append_${process.pid}`;
const recordedAt = '2026-11-22T09:08:07.650Z';

/** As `count` commands of one process, each into a stream of its own. */
const drafts = (...streams: readonly string[]) =>
  streams.map((stream) =>
    draftOf(
      { stream, expectedVersion: 0, commands: [{ events: [{ type: 'Noted', data: {} }], meta: by() }] },
      new Versions(),
    ),
  );

it('a batch is not stored behind another head, even one that is as far by other events', async () => {
  const place = { url: await postgresForTests(), schema };
  const store = await PostgresEventStore.open(place);
  const client = new Client(connectionTo(place));
  await client.connect();
  const genesis = { position: 0, hash: GENESIS, recordedAt };
  const mine = batchOf(drafts('a', 'b'), genesis, recordedAt);
  const theirs = batchOf(drafts('c', 'd'), genesis, recordedAt);
  expect(await ask(client, theirs)).toBe('stored');
  expect(await ask(client, mine)).toBe('moved');
  for (const streams of [['e'], ['e', 'f']]) {
    expect(await ask(client, batchOf(drafts(...streams), mine.next, recordedAt))).toBe('moved');
  }
  expect(await ask(client, batchOf(drafts('e'), theirs.next, recordedAt))).toBe('stored');
  const { rows } = await client.query<{ stream: string }>('SELECT stream FROM es_event ORDER BY position');
  expect(rows.map(({ stream }) => stream)).toEqual(['c', 'd', 'e']);
  await client.end();
  await store.close();
});
