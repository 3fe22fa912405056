import { Logger } from '@nestjs/common';
import { UnknownEvent } from '@strata/event-sourcing';
import type { History } from '@strata/event-sourcing';
import { postgresForTests } from '@strata/testing/embedded-postgres';
import type { Recorded } from '../event.js';
import { account, accountHistory, balances, by, readsOldEvents, until } from '../testing/index.js';
import { PostgresEventStore } from './postgres-event-store.js';

let schemas = 0;
const schema = () => `history_${process.pid}_${schemas}`;
const open = async (history: History = accountHistory) =>
  PostgresEventStore.open({ url: await postgresForTests(), schema: schema(), history });

readsOldEvents('PostgreSQL', async () => {
  schemas++;
  return open();
});

describe('a release that is older than its log', () => {
  const stream = 'ten_1/account-1';
  beforeAll(() => void Logger.overrideLogger(false));
  afterAll(() => void Logger.overrideLogger(['log', 'warn', 'error']));

  it('stops where it does not know the words, and folds nothing that it does not understand', async () => {
    schemas++;
    const newer = await open();
    const events = [{ type: 'Added', data: { cents: 500, currency: 'SEK' } }];
    await newer.log.append({ stream, expectedVersion: 0, events, meta: by() });
    await newer.close();

    const older = await open({ Added: [({ euros }: { euros: number }) => ({ cents: euros * 100 })] });
    await expect(older.aggregates.load(account, stream)).rejects.toThrow(
      'Added of version 3 at position 1 was written by a newer release: this one knows it up to version 2',
    );
    const view = await older.view(balances);
    await until('it has stopped', () => view.subscription.failure !== undefined);
    expect(view.subscription.failure).toBeInstanceOf(UnknownEvent);
    expect(await view.get(stream)).toBeUndefined();
    expect(await view.subscription.parked()).toEqual([]);
    const readAll = async () => {
      const all: Recorded[] = [];
      for await (const page of older.log.readAll(0)) all.push(...page);
    };
    await expect(readAll()).rejects.toThrow(UnknownEvent);
    await older.close();

    const again = await open();
    const whole = await again.view(balances);
    await whole.waitFor(1);
    expect(await whole.get(stream)).toEqual({ cents: 500 });
    await again.close();
  });
});
