import { v4 } from 'uuid';
import { command, reject } from '@strata/event-sourcing';
import type { Decider, Event, Meta } from '@strata/event-sourcing';
import { Aggregates } from '../aggregates.js';
import type { Outcome } from '../aggregates.js';
import type { EventStore } from '../event-store.js';
import { by } from './fixtures.js';

class Deposit extends command('Deposit')<{ amount: number }> {}
class Withdraw extends command('Withdraw')<{ amount: number }> {}
class Close extends command('Close')<object> {}
type Moved = Event<'Moved', { amount: number }>;
type Account = Readonly<{ balance: number; decisions: number }>;

/** An account that counts how often it was asked, so that a test can see what was decided and what was remembered. */
const accounts = () => {
  let decisions = 0;
  const account: Decider<Deposit | Withdraw | Close, Moved | Event<'Closed'>, Account> = {
    name: 'account',
    initialState: { balance: 0, decisions: 0 },
    decide(asked, { balance }) {
      decisions++;
      switch (asked.type) {
        case 'Deposit':
          if (asked.data.amount === 13) throw new Error('thirteen breaks the rules');
          return [{ type: 'Moved', data: { amount: asked.data.amount } }];
        case 'Withdraw':
          if (asked.data.amount > balance) return reject('account.overdrawn', `there are only ${balance}`);
          return [{ type: 'Moved', data: { amount: -asked.data.amount } }];
        case 'Close':
          return [];
      }
    },
    evolve: ({ balance, decisions: seen }, event) => ({
      balance: event.type === 'Moved' ? balance + event.data.amount : balance,
      decisions: seen + 1,
    }),
  };
  return { account, asked: () => decisions };
};

const deposit = (amount: number, meta: Meta = by()) => new Deposit({ amount }, meta);
const withdraw = (amount: number, meta: Meta = by()) => new Withdraw({ amount }, meta);
const isRejected = (outcome: Outcome) => 'rejection' in outcome;

/** What every store's aggregates promise. `again` opens the same store a second time, as another process would. */
export const runsAggregates = (
  name: string,
  make: () => Promise<EventStore>,
  again: (store: EventStore) => Promise<EventStore>,
): void => {
  describe(`${name} carries out commands`, () => {
    let store: EventStore;
    beforeEach(async () => (store = await make()));
    afterEach(() => store.close());

    it('decides on the state so far and stores what follows', async () => {
      const { account } = accounts();
      const { aggregates } = store;
      expect(await aggregates.execute(account, 'a', deposit(5))).toMatchObject({
        version: 1,
        events: [{ position: 1 }],
      });
      expect(await aggregates.execute(account, 'a', withdraw(3))).toMatchObject({ version: 2 });
      expect(await aggregates.execute(account, 'a', withdraw(3))).toMatchObject({
        rejection: { code: 'account.overdrawn', reason: 'there are only 2' },
      });
      expect(await aggregates.execute(account, 'a', new Close({}, by()))).toEqual({ events: [], version: 2 });
      expect(await aggregates.load(account, 'a')).toEqual({
        state: { balance: 2, decisions: 2 },
        version: 2,
        position: 2,
      });
    });

    it('decides the commands of a busy stream in order, none on a stale state', async () => {
      const { account } = accounts();
      const asked = Array.from({ length: 600 }, (_, n) => (n % 3 === 0 ? deposit(1) : withdraw(1)));
      const outcomes = await Promise.all(asked.map((it) => store.aggregates.execute(account, 'hot', it)));
      // One deposit, one withdrawal that succeeds, one that is refused, two hundred times.
      expect(outcomes.map(isRejected)).toEqual(asked.map((_, n) => n % 3 === 2));
      expect(await store.log.readStream('hot')).toHaveLength(400);
    });

    it('answers a command sent again with the events of the first time, and does not decide it anew', async () => {
      const { account, asked } = accounts();
      const meta = by();
      const [first, twin] = await Promise.all(
        [1, 2].map(() => store.aggregates.execute(account, 'a', deposit(5, meta))),
      );
      expect(twin).toEqual(first);
      await store.aggregates.execute(account, 'a', deposit(1));
      expect(await store.aggregates.execute(account, 'a', deposit(5, meta))).toEqual(first);
      expect(asked()).toBe(2);
    });

    it('remembers what it did after a restart, also for a command that would now come to nothing', async () => {
      const { account } = accounts();
      const [put, take] = [by(), by()];
      await store.aggregates.execute(account, 'a', deposit(5, put));
      const taken = await store.aggregates.execute(account, 'a', withdraw(5, take));
      const fresh = new Aggregates(store.log);
      expect(await fresh.execute(account, 'a', withdraw(5, take))).toEqual(taken);
      expect(await fresh.execute(account, 'a', deposit(5, put))).toMatchObject({ version: 1 });
      expect(await store.log.head()).toBe(2);
    });

    it('does not remember a refusal', async () => {
      const { account } = accounts();
      const meta = by();
      expect(isRejected(await store.aggregates.execute(account, 'a', withdraw(5, meta)))).toBe(true);
      await store.aggregates.execute(account, 'a', deposit(5));
      expect(isRejected(await store.aggregates.execute(account, 'a', withdraw(5, meta)))).toBe(false);
    });

    it('fails only the command whose rule throws, or whose event the log cannot take', async () => {
      const { account } = accounts();
      const ask = (it: Deposit) => store.aggregates.execute(account, 'a', it);
      const answers = await Promise.allSettled(
        [deposit(1), deposit(13), deposit(2, by('no-uuid')), deposit(4)].map(ask),
      );
      expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
      expect((await store.aggregates.load(account, 'a')).state.balance).toBe(5);
    });

    it('decides again when another process was faster, refusals too', async () => {
      const { account } = accounts();
      const other = await again(store);
      const either = (n: number) => (n % 2 ? other : store).aggregates;
      await store.aggregates.execute(account, 'a', deposit(1));
      await other.aggregates.execute(account, 'a', deposit(1));
      expect(isRejected(await store.aggregates.execute(account, 'a', withdraw(2)))).toBe(false);
      await Promise.all(Array.from({ length: 60 }, (_, n) => either(n).execute(account, 'a', deposit(1))));
      const outcomes = await Promise.all(
        Array.from({ length: 80 }, (_, n) => either(n).execute(account, 'a', withdraw(1))),
      );
      expect(outcomes.filter(isRejected)).toHaveLength(20);
      expect((await other.aggregates.load(account, 'a')).state.balance).toBe(0);
      if (other !== store) await other.close();
    });

    it('folds a stream that is longer than what is read at a time', async () => {
      const { account } = accounts();
      const moved = Array.from({ length: 4_500 }, () => ({ type: 'Moved', data: { amount: 1 } }));
      await store.log.append({ stream: 'long', expectedVersion: 0, events: moved, meta: by() });
      expect(await store.aggregates.load(account, 'long')).toMatchObject({ state: { balance: 4_500 }, version: 4_500 });
    });

    it('keeps commands of different streams apart', async () => {
      const { account } = accounts();
      const streams = Array.from({ length: 50 }, () => v4());
      await Promise.all(
        streams.flatMap((it) => [1, 2, 3].map((n) => store.aggregates.execute(account, it, deposit(n)))),
      );
      for (const stream of streams) expect((await store.aggregates.load(account, stream)).state.balance).toBe(6);
    });
  });
};
