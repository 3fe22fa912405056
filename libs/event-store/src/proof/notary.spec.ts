import { ManualClock } from '../clock.js';
import { MemoryEventStore } from '../memory/memory-event-store.js';
import { by, until } from '../testing/index.js';
import { verdictOn } from './checkpoint.js';
import { Notary } from './notary.js';
import { PublicKeys, SigningKey } from './signing-key.js';

const key = SigningKey.generate();
const keys = new PublicKeys([key.publicPem]);

describe('the notary', () => {
  const clock = new ManualClock('2026-11-25T08:00:00.000Z');
  let store: MemoryEventStore;
  let notary: Notary;
  let looks = 0;
  beforeEach(async () => {
    store = new MemoryEventStore();
    const { ledger, damage } = store;
    looks = 0;
    const head = ledger.head.bind(ledger);
    ledger.head = () => {
      looks++;
      return head();
    };
    notary = await Notary.start({ name: 'notes', ledger, damage, key, clock });
  });
  afterEach(() => notary.close());

  const append = async (count: number) => {
    const { version } = await store.log.recall('s', []);
    const events = Array.from({ length: count }, (_, n) => ({ type: 'Noted', data: { n } }));
    await store.log.append({ stream: 's', expectedVersion: version, events, meta: by() });
  };
  const positions = async () => (await store.ledger.checkpoints()).map(({ position }) => position);
  /** Lets seconds pass, each of them with the look that it brings. */
  const pass = async (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      const before = looks;
      clock.advance(1_000);
      await until('it has looked', () => looks > before || store.damage.isHarmful);
      await new Promise(setImmediate);
    }
  };

  it('signs the end when it has moved, at most every ten seconds', async () => {
    await pass(20);
    expect(await positions()).toEqual([]);
    await append(1);
    await pass(1);
    expect(await positions()).toEqual([1]);
    await append(1);
    await pass(5);
    expect(await positions()).toEqual([1]);
    await pass(5);
    expect(await positions()).toEqual([1, 2]);
    await pass(30);
    expect(await positions()).toEqual([1, 2]);
    for (const it of await store.ledger.checkpoints()) expect(verdictOn('notes', it, keys)).toBe('good');
  });

  it('signs sooner when much has come', async () => {
    await append(1);
    await pass(1);
    await append(10_000);
    await pass(1);
    expect(await positions()).toEqual([1, 10_001]);
  });

  it('signs when it is asked, and when it ends', async () => {
    await append(3);
    expect(await notary.sign()).toMatchObject({ position: 3, at: clock.now() });
    expect((await notary.sign())?.position).toBe(3);
    await append(1);
    await notary.close();
    expect(await positions()).toEqual([3, 4]);
  });

  it('signs no log that is known to be damaged', async () => {
    await append(3);
    store.damage.add([{ kind: 'changed', from: 2, to: 2, streams: ['s'], what: 'the event is not what was stored' }]);
    await pass(20);
    await notary.close();
    expect(await positions()).toEqual([]);
  });

  it('signs a statement that says which log it is of', async () => {
    await append(1);
    const it = await notary.sign();
    if (!it) throw new Error('nothing was signed');
    expect(verdictOn('other notes', it, keys)).toBe('bad');
    expect(verdictOn('notes', { ...it, position: 2 }, keys)).toBe('bad');
    expect(verdictOn('notes', it, new PublicKeys([]))).toBe('unknown');
  });
});
