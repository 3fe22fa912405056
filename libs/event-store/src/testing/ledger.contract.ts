import { v4 } from 'uuid';
import { GENESIS, chained, lineOf } from '../chain.js';
import type { EventStore } from '../event-store.js';
import type { NewEvent } from '../event.js';
import { signed } from '../proof/checkpoint.js';
import type { Entry } from '../proof/ledger.js';
import { PublicKeys, SigningKey } from '../proof/signing-key.js';
import { verify } from '../proof/verify.js';
import type { Verified } from '../proof/verify.js';
import { by, until } from './fixtures.js';

const noted = (text: string): NewEvent => ({ type: 'Noted', data: { text } });

export const collected = async <T>(pages: AsyncIterable<readonly T[]>): Promise<readonly T[]> => {
  const all: T[] = [];
  for await (const page of pages) all.push(...page);
  return all;
};

/** Verifies to the end. */
export const verified = async (store: EventStore, keys = new PublicKeys([])): Promise<Verified> => {
  for await (const step of verify({ name: 'notes', ledger: store.ledger, keys })) {
    if ('verified' in step) return step.verified;
  }
  throw new Error('nothing came of it');
};

/** What every store's ledger promises. `make` gives an empty store. */
export const isALedger = (name: string, make: () => Promise<EventStore>): void => {
  describe(`${name} has a ledger`, () => {
    const stores: EventStore[] = [];
    const open = async () => {
      const store = await make();
      stores.push(store);
      return store;
    };
    afterEach(async () => {
      for (const store of stores.splice(0)) await store.close();
    });

    const write = async ({ log }: EventStore, count = 5) => {
      for (let n = 0; n < count; n++) {
        const meta = by(v4(), n % 2 ? 'ten_b' : 'ten_a');
        const events = [noted(`tab\t quote" ünï 🏠 ${n}`), { type: 'Shouted', data: { n, deep: [{ n: 1.5 }] } }];
        await log.append({ stream: `s${n}`, expectedVersion: 0, events, meta });
      }
    };

    it('tells every event as it is stored, each chained to the one before', async () => {
      const store = await open();
      await write(store);
      const entries = await collected(store.ledger.entries(0));
      const events = await store.log.read(0, 100);
      expect(entries.map(({ position }) => position)).toEqual(events.map(({ position }) => position));
      let before = GENESIS;
      entries.forEach((entry, index) => {
        const event = events[index];
        expect(entry).toMatchObject({ stream: event?.stream, version: event?.version, id: event?.id, at: event?.at });
        expect(JSON.parse(entry.data)).toEqual(event?.data);
        expect([entry.tenant, entry.command]).toEqual([event?.meta.tenantId, event?.meta.commandId]);
        before = chained(before, lineOf(entry));
        expect(entry.hash).toBe(before);
      });
      expect(await store.ledger.head()).toMatchObject({ position: 10, hash: before });
      expect(await collected(store.ledger.entries(8))).toEqual(entries.slice(8));
    });

    it('tells the events of one tenant with the hashes that they are chained to', async () => {
      const store = await open();
      await write(store);
      const entries = await collected(store.ledger.entries(0));
      const own = await collected(store.ledger.entriesOf('ten_b', 0));
      expect(own.map(({ position }) => position)).toEqual([3, 4, 7, 8]);
      for (const { before, ...entry } of own) {
        expect(entry).toEqual(entries[entry.position - 1]);
        expect(chained(before, lineOf(entry))).toBe(entry.hash);
      }
      expect((await collected(store.ledger.entriesOf('ten_a', 8)))[0]?.position).toBe(9);
    });

    it('is verified, and says so of a log without events', async () => {
      const store = await open();
      expect(await verified(store)).toMatchObject({ events: 0, position: 0, hash: GENESIS, faults: [], more: 0 });
      await write(store);
      const { hash } = await store.ledger.head();
      expect(await verified(store)).toMatchObject({
        log: 'notes',
        events: 10,
        position: 10,
        hash,
        faults: [],
        more: 0,
      });
    });

    it('keeps signed checkpoints, and tells those that are wrong', async () => {
      const store = await open();
      const [key, other] = [SigningKey.generate(), SigningKey.generate()];
      const keys = new PublicKeys([key.publicPem]);
      const at = '2026-11-25T08:00:00.000Z';
      for (let round = 0; round < 2; round++) {
        await store.log.append({ stream: 's', expectedVersion: round, events: [noted(`${round}`)], meta: by() });
        const { position, hash } = await store.ledger.head();
        await store.ledger.keep(signed('notes', { position, hash, at }, key));
      }
      expect(await verified(store, keys)).toMatchObject({
        checkpoints: 2,
        lastCheckpoint: { position: 2 },
        faults: [],
      });

      await store.log.append({
        stream: 's',
        expectedVersion: 2,
        events: [noted('2'), noted('3'), noted('4')],
        meta: by(),
      });
      const [, , third, fourth, fifth] = await collected(store.ledger.entries(0));
      const of = ({ position, hash }: Entry) => ({ position, hash, at });
      if (!third || !fourth || !fifth) throw new Error('five events were stored');
      await store.ledger.keep(signed('notes', of(third), other));
      await store.ledger.keep({ ...signed('notes', of(fourth), key), at: '2026-11-25T09:00:00.000Z' });
      await store.ledger.keep(signed('notes', { ...of(fifth), hash: GENESIS }, key));
      await store.ledger.keep(signed('notes', of(fifth), key));
      const { faults } = await verified(store, keys);
      expect(faults.map(({ kind, from, to }) => [kind, from, to])).toEqual([
        ['key', 3, 3],
        ['rewritten', 3, 5],
        ['signature', 4, 4],
      ]);
      expect((await store.ledger.lastCheckpoint())?.position).toBe(5);
    });

    it('is brought back exactly, into an empty log only, and the log goes on', async () => {
      const [from, to] = [await open(), await open()];
      await write(from);
      const key = SigningKey.generate();
      const { position, hash } = await from.ledger.head();
      const checkpoint = signed('notes', { position, hash, at: '2026-11-25T08:00:00.000Z' }, key);
      await to.ledger.restore({ entries: from.ledger.entries(0), checkpoints: [checkpoint] });
      expect(await collected(to.ledger.entries(0))).toEqual(await collected(from.ledger.entries(0)));
      await until('the log has seen its events', async () => (await to.log.read(0, 1)).length > 0);
      expect(await to.log.read(0, 100)).toEqual(await from.log.read(0, 100));
      expect(await verified(to, new PublicKeys([key.publicPem]))).toMatchObject({ checkpoints: 1, faults: [] });

      const [event] = await to.log.readStream('s0');
      const again = { ...by(event?.meta.commandId, 'ten_a') };
      const repeat = { stream: 's0', expectedVersion: 2, events: [noted('again')], meta: again };
      expect(await to.log.append(repeat)).toMatchObject({ outcome: 'repeated', version: 2 });
      await to.log.append({ stream: 's0', expectedVersion: 2, events: [noted('more')], meta: by() });
      expect(await verified(to, new PublicKeys([key.publicPem]))).toMatchObject({ events: 11, faults: [] });

      await expect(to.ledger.restore({ entries: from.ledger.entries(0), checkpoints: [] })).rejects.toThrow(
        'not empty',
      );
      expect(await to.log.head()).toBe(11);
    });

    it('stores nothing when what it is brought back from ends in an error', async () => {
      const [from, to] = [await open(), await open()];
      await write(from);
      async function* broken() {
        yield* from.ledger.entries(0);
        throw new Error('the disk is gone');
      }
      await expect(to.ledger.restore({ entries: broken(), checkpoints: [] })).rejects.toThrow('the disk is gone');
      const refuse = async () => {
        throw new Error('another log could not be stored');
      };
      const source = { entries: from.ledger.entries(0), checkpoints: [] };
      await expect(to.ledger.restore(source, refuse)).rejects.toThrow('another log');
      expect([await to.log.head(), (await to.log.read(0, 9)).length]).toEqual([0, 0]);
      await to.ledger.restore({ entries: from.ledger.entries(0), checkpoints: [] });
      expect(await to.log.head()).toBe(10);
    });
  });
};
