import { GENESIS, chained, lineOf } from '../chain.js';
import { ChainCheck } from './chain-check.js';
import type { Checkpoint } from './checkpoint.js';
import type { Found } from './fault.js';
import type { Entry } from './ledger.js';

/** A log of ten events, three streams of two tenants. */
const log = (count = 10): Entry[] => {
  const entries: Entry[] = [];
  for (let position = 1; position <= count; position++) {
    const tenant = position % 2 ? 'ten_a' : 'ten_b';
    const command = `019aa000-0000-7000-8000-${String(position).padStart(12, '0')}`;
    const line = {
      position,
      stream: `${tenant}/note-${position % 3}`,
      version: Math.ceil(position / 3),
      type: 'Noted',
      schemaVersion: 1,
      id: command.replace('019aa', '019ab'),
      at: '2026-11-25T08:00:00.000Z',
      recordedAt: '2026-11-25T08:00:00.000Z',
      meta: JSON.stringify({ tenantId: tenant, actor: 'user_1', commandId: command }),
      data: JSON.stringify({ text: `note ${position}` }),
    };
    const hash = chained(entries.at(-1)?.hash ?? GENESIS, lineOf(line));
    entries.push({ ...line, tenant, command, hash });
  }
  return entries;
};

const headOf = (entries: readonly Entry[]) => {
  const last = entries.at(-1);
  return { position: last?.position ?? 0, hash: last?.hash ?? GENESIS, recordedAt: '' };
};

const found = (entries: readonly Entry[], checkpoints: readonly Checkpoint[] = [], head = headOf(log())): Found => {
  const check = new ChainCheck({ position: 0, hash: GENESIS }, checkpoints, head);
  check.take(entries);
  return check.end();
};

const told = (...[entries, checkpoints, head]: Parameters<typeof found>) =>
  found(entries, checkpoints, head).faults.map(({ kind, from, to }) => (from === to ? [kind, from] : [kind, from, to]));

/** The log with the entries at some positions changed. */
const having = (changes: Readonly<Record<number, Partial<Entry>>>, entries = log()) =>
  entries.map((entry) => ({ ...entry, ...changes[entry.position] }));

const at = (position: number): Entry => {
  const entry = log(20)[position - 1];
  if (!entry) throw new Error(`there is no ${position}`);
  return entry;
};
const signedAt = (position: number): Checkpoint => ({
  position,
  hash: at(position).hash,
  at: '2026-11-25T08:00:00.000Z',
});

/** From a position on, all hashes are computed anew. */
const rechained = (entries: readonly Entry[], from: number): Entry[] => {
  const done: Entry[] = [];
  for (const entry of entries) {
    const before = done.at(-1)?.hash ?? GENESIS;
    done.push(entry.position < from ? entry : { ...entry, hash: chained(before, lineOf(entry)) });
  }
  return done;
};

describe('the check of a chain', () => {
  it('finds nothing in a log as it was stored', () => {
    expect(found(log(), [signedAt(4), signedAt(10)])).toEqual({ faults: [], more: 0 });
    expect(found([], [], headOf([]))).toEqual({ faults: [], more: 0 });
  });

  it('names the event in which any byte was flipped, wherever it is', () => {
    const changes: Partial<Entry>[] = [
      { data: '{"text":"note 6"} ' },
      { meta: at(5).meta.replace('user_1', 'user_2') },
      { stream: 'ten_a/note-9' },
      { version: 7 },
      { type: 'noted' },
      { schemaVersion: 2 },
      { id: at(6).id },
      { at: '2026-11-25T08:00:00.001Z' },
      { recordedAt: '2026-11-25T08:00:00.001Z' },
    ];
    for (const change of changes) expect([change, told(having({ 5: change }))]).toEqual([change, [['changed', 5]]]);
    for (const position of [1, 10])
      expect(told(having({ [position]: { data: '{}' } }))).toEqual([['changed', position]]);
  });

  it('names each of several, and runs of them at once', () => {
    const data = '{"text":"other"}';
    expect(told(having({ 2: { data }, 4: { data }, 5: { data }, 6: { data }, 9: { data } }))).toEqual([
      ['changed', 2],
      ['changed', 4, 6],
      ['changed', 9],
    ]);
    expect(found(having({ 4: { data }, 5: { data } })).faults[0]?.streams).toEqual(['ten_b/note-1', 'ten_a/note-2']);
  });

  it('tells a changed hash from a changed event', () => {
    const hash = GENESIS.replace(/^0/, '1');
    expect(told(having({ 5: { hash } }))).toEqual([['hash', 5]]);
    expect(told(having({ 5: { hash } }), [signedAt(5)])).toEqual([['hash', 5]]);
    expect(told(having({ 10: { hash } }))).toEqual([['hash', 10]]);
    expect(told(having({ 5: { hash }, 6: { data: '{}' } }))).toEqual([['changed', 5, 6]]);
  });

  it('finds what is missing, in the middle, at the beginning and at the end', () => {
    const without = (...positions: number[]) => log().filter(({ position }) => !positions.includes(position));
    expect(told(without(5))).toEqual([['missing', 5]]);
    expect(told(without(1, 2, 6))).toEqual([
      ['missing', 1, 2],
      ['missing', 6],
    ]);
    expect(told(without(9, 10))).toEqual([['missing', 9, 10]]);
    expect(told(without(9, 10), [signedAt(10)], headOf(log(8)))).toEqual([['missing', 9, 10]]);
    expect(told([])).toEqual([['missing', 1, 10]]);
  });

  it('checks what follows a gap, where a checkpoint says what the gap had', () => {
    const entries = having({ 6: { data: '{}' } }).filter(({ position }) => position !== 5);
    expect(told(entries)).toEqual([['missing', 5]]);
    expect(told(entries, [signedAt(5)])).toEqual([
      ['missing', 5],
      ['changed', 6],
    ]);
  });

  it('finds events that lie in each other’s place, neighbours or not, with their hashes or without', () => {
    for (const [a, b] of [
      [4, 5],
      [3, 8],
      [1, 10],
    ] as const) {
      const [one, other] = [at(a), at(b)];
      const rows = having({ [a]: { ...other, position: a }, [b]: { ...one, position: b } });
      expect(told(rows)).toEqual([
        ['swapped', a],
        ['swapped', b],
      ]);
      const [here, there] = [at(a), at(b)].map(({ hash, position }) => ({ hash, position }));
      expect(told(having({ [a]: { ...other, ...here }, [b]: { ...one, ...there } }))).toEqual([
        ['swapped', a],
        ['swapped', b],
      ]);
      expect(told(having({ [a]: { data: other.data }, [b]: { data: one.data } }))).toEqual([
        ['swapped', a],
        ['swapped', b],
      ]);
    }
  });

  it('finds an event that is there twice, and which of two at one position is the right one', () => {
    const copy = { ...at(3), position: 11 };
    expect(told([...log(), copy])).toEqual([
      ['surplus', 11],
      ['changed', 11],
    ]);
    const forged = { ...at(5), data: '{}' };
    for (const entries of [
      [...log(5), forged],
      [...log(4), forged, at(5)],
    ]) {
      expect(told([...entries, ...log().slice(5)])).toEqual([['copy', 5]]);
    }
    const check = new ChainCheck({ position: 0, hash: GENESIS }, [], headOf(log(11)));
    check.take([...log(), copy]);
    const copies = [{ id: copy.id, positions: [3, 11] }];
    expect(check.end({ copies }).faults.map(({ kind, from }) => [kind, from])).toEqual([['copy', 11]]);
  });

  it('finds a row that says other of its tenant or its command than the event', () => {
    expect(told(having({ 5: { tenant: 'ten_b' } }))).toEqual([['tenant', 5]]);
    expect(told(having({ 5: { command: at(6).command } }))).toEqual([['command', 5]]);
  });

  it('finds a wrong word about the end', () => {
    expect(told(log(), [], { ...headOf(log()), hash: GENESIS })).toEqual([['head', 10]]);
    expect(told(log(), [], headOf(log(8)))).toEqual([['surplus', 9, 10]]);
  });

  it('finds a chain that was forged with all its hashes, by what was signed', () => {
    const forged = rechained(having({ 6: { data: '{"text":"nothing"}' } }), 6);
    expect(told(forged, [], headOf(forged))).toEqual([]);
    expect(told(forged, [signedAt(4), signedAt(8), signedAt(10)], headOf(forged))).toEqual([['rewritten', 5, 8]]);
    const renumbered = log()
      .filter(({ position }) => position !== 6)
      .map((it, index) => ({ ...it, position: index + 1 }));
    const closed = rechained(renumbered, 6);
    expect(told(closed, [signedAt(4), signedAt(10)], headOf(closed))).toEqual([['missing', 10]]);
    expect(told(closed, [signedAt(4), signedAt(8)], headOf(closed))).toEqual([['rewritten', 5, 8]]);
  });

  it('names the first event of a log that was renumbered over a hole', () => {
    const renumbered = log(300)
      .filter(({ position }) => position !== 6)
      .map((it, index) => ({ ...it, position: index + 1 }));
    const { faults, more } = found(renumbered, [], headOf(renumbered));
    expect(faults.map(({ kind, from, to }) => [kind, from, to])).toEqual([
      ['changed', 6, 105],
      ['changed', 106, 299],
    ]);
    expect(more).toBe(0);
  });

  it('begins anywhere, and believes the checkpoint that it begins at', () => {
    const check = (entries: readonly Entry[]) => {
      const it = new ChainCheck({ position: 4, hash: undefined }, [signedAt(5)], headOf(entries));
      it.take(entries.slice(4));
      return it.end().faults.map(({ kind, from, to }) => [kind, from, to]);
    };
    expect(check(log())).toEqual([]);
    expect(check(having({ 7: { data: '{}' } }))).toEqual([['changed', 7, 7]]);
    expect(check(rechained(having({ 3: { data: '{}' } }), 3))).toEqual([['rewritten', 5, 5]]);
  });

  it('tells a bounded list of faults, and how many there are more', () => {
    const entries = log(1_000).map((entry) => (entry.position % 2 ? entry : { ...entry, tenant: 'ten_x' }));
    const { faults, more } = found(entries, [], headOf(entries));
    expect([faults.length, more]).toEqual([100, 400]);
  });
});
