import { command } from '@strata/event-sourcing';
import type { Decider, Event, History } from '@strata/event-sourcing';
import type { EventStore } from '../event-store.js';
import type { NewEvent, Recorded } from '../event.js';
import { defineView } from '../view-definition.js';
import { by } from './fixtures.js';

class Add extends command('Add')<{ cents: number }> {}
type Added = Event<'Added', { cents: number; currency: string }>;

/** An account that counted in whole euros, then in cents, and then began to say of which currency. */
export const accountHistory: History<Added> = {
  Added: [
    ({ euros }: { euros: number }) => ({ cents: euros * 100 }),
    ({ cents }: { cents: number }) => ({ cents, currency: 'EUR' }),
  ],
};

export const account: Decider<Add, Added, number> = {
  name: 'account',
  initialState: 0,
  decide: ({ data: { cents } }) => [{ type: 'Added', data: { cents, currency: 'EUR' } }],
  evolve: (sum, { data: { cents } }) => sum + cents,
};

export const balances = defineView<{ cents: number }, never, Added>({
  name: 'balance',
  key: ({ stream }) => stream,
  tenant: () => 'ten_1',
  columns: {},
  evolve: (row, { data: { cents } }) => ({ cents: (row?.cents ?? 0) + cents }),
});

/** What every store promises about events of earlier releases. `make` gives an empty store that reads with a history. */
export const readsOldEvents = (name: string, make: (history: History) => Promise<EventStore>): void => {
  describe(`${name} reads events of earlier releases`, () => {
    const stream = 'ten_1/account-1';
    let store: EventStore;
    beforeEach(async () => (store = await make(accountHistory)));
    afterEach(() => store.close());

    const append = (expectedVersion: number, event: NewEvent, meta = by()) =>
      store.log.append({ stream, expectedVersion, events: [event], meta });
    const oneOfEach = async () => {
      await append(0, { type: 'Added', schemaVersion: 1, data: { euros: 2 } });
      await append(1, { type: 'Added', schemaVersion: 2, data: { cents: 30 } });
      await append(2, { type: 'Added', data: { cents: 4, currency: 'EUR' } });
    };
    const told = (events: readonly Recorded[]) => events.map(({ schemaVersion, data }) => ({ schemaVersion, data }));
    const today = [200, 30, 4].map((cents) => ({ schemaVersion: 3, data: { cents, currency: 'EUR' } }));

    it('tells them in the words of today, whichever way they are read', async () => {
      await oneOfEach();
      const all: Recorded[] = [];
      for await (const page of store.log.readAll(0)) all.push(...page);
      expect(told(all)).toEqual(today);
      expect(told(await store.log.read(0, 9))).toEqual(today);
      expect(told(await store.log.read(0, 9, { tenantId: 'ten_1' }))).toEqual(today);
      expect(told(await store.log.read(0, 9, { types: ['Added'] }))).toEqual(today);
      expect(told(await store.log.readStream(stream))).toEqual(today);
    });

    it('folds them in aggregates, views, rebuilt views and subscriptions', async () => {
      await oneOfEach();
      expect(await store.aggregates.load(account, stream)).toEqual({ state: 234, version: 3, position: 3 });
      const view = await store.view(balances);
      await view.waitFor(3);
      expect(await view.get(stream)).toEqual({ cents: 234 });
      const [rebuilt] = (await store.rebuild()).views;
      expect(rebuilt).toMatchObject({ rows: 1, before: rebuilt?.after });
      const heard: Recorded[] = [];
      const handle = async (batch: readonly Recorded[]) => void heard.push(...batch);
      await (await store.subscribe({ name: 'all', from: 'start', handle })).waitFor(3);
      expect(told(heard)).toEqual(today);
    });

    it('answers a command that is sent again with what it once stored, in the words of today', async () => {
      const meta = by();
      await append(0, { type: 'Added', schemaVersion: 1, data: { euros: 2 } }, meta);
      const again = await append(1, { type: 'Added', data: { cents: 1, currency: 'EUR' } }, meta);
      expect(again).toMatchObject({ outcome: 'repeated', events: [today[0]] });
    });

    it('writes new events in the newest version by itself', async () => {
      await store.aggregates.execute(account, stream, new Add({ cents: 5 }, by()));
      expect(told(await store.log.read(0, 9))).toEqual([{ schemaVersion: 3, data: { cents: 5, currency: 'EUR' } }]);
    });

    it('stores nothing that it could not read again', async () => {
      await expect(append(0, { type: 'Added', schemaVersion: 4, data: {} })).rejects.toThrow('newer release');
      await expect(append(0, { type: 'Removed', data: {} })).rejects.toThrow('no history');
      expect(await store.log.head()).toBe(0);
    });
  });
};
