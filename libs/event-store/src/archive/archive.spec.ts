import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { MemoryEventStore } from '../memory/memory-event-store.js';
import { PublicKeys } from '../proof/signing-key.js';
import type { Verified } from '../proof/verify.js';
import { collected, verified } from '../testing/index.js';
import { at, exported, key, keys, write } from './archive.fixtures.js';
import { exportLogs } from './export-logs.js';
import type { ExportedLog } from './export-logs.js';
import { importLogs } from './import-logs.js';
import { openArchive, verifyArchived } from './verify-archive.js';

const known = new PublicKeys([key.publicPem]);

describe('an export of logs', () => {
  let folder: string;
  beforeEach(async () => (folder = join(await mkdtemp(join(tmpdir(), 'strata-export-')), 'all')));
  afterEach(() => rm(join(folder, '..'), { recursive: true }));

  const save = (logs: readonly ExportedLog[], tenant: string | null = null) =>
    exportLogs({ folder, logs, keys, tenant, at });

  const check = async (trusted = known): Promise<readonly Verified[]> => {
    const manifest = await openArchive(folder);
    const all: Verified[] = [];
    for (const log of manifest.logs) {
      for await (const step of verifyArchived(folder, manifest, log, trusted)) {
        if ('verified' in step) all.push(step.verified);
      }
    }
    return all;
  };

  it('holds each event as the line that is hashed, in files that only their owner can read', async () => {
    const store = new MemoryEventStore();
    await write(store, 0, 3);
    const manifest = await save([await exported(store)]);
    const file = 'notes/000000000001-000000000006.ndjson.zst';
    expect(manifest).toEqual(JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')));
    expect(manifest.logs[0]?.segments.map((it) => it.file)).toEqual([file]);
    for (const name of ['manifest.json', file]) expect((await stat(join(folder, name))).mode & 0o077).toBe(0);
    const lines = zstdDecompressSync(await readFile(join(folder, file)))
      .toString()
      .trimEnd()
      .split('\n');
    const entries = await collected(store.ledger.entries(0));
    expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject(
      entries.map(({ position, hash, id, data }) => ({ position, hash, id, data: JSON.parse(data) as unknown })),
    );
    expect(lines.every((line) => /,"hash":"[0-9a-f]{64}"}$/.test(line))).toBe(true);
    expect(await readdir(join(folder, 'notes'))).toEqual(['000000000001-000000000006.ndjson.zst']);
    expect(await check()).toMatchObject([
      { log: 'notes', events: 6, position: 6, checkpoints: 1, faults: [], more: 0 },
    ]);
  });

  it('goes on where the last one ended, and where one was broken off', async () => {
    const store = new MemoryEventStore();
    await write(store, 0, 3);
    await save([await exported(store)]);
    const first = await readFile(join(folder, 'notes/000000000001-000000000006.ndjson.zst'));
    await write(store, 3, 5);
    const log = await exported(store);
    const broken: ExportedLog = {
      ...log,
      async *lines(after, upTo) {
        for await (const lines of log.lines(after, upTo)) {
          yield lines.slice(0, 1);
          throw new Error('the connection is gone');
        }
      },
    };
    await expect(save([broken])).rejects.toThrow('the connection is gone');
    expect(await check()).toMatchObject([{ events: 6, faults: [] }]);

    await save([log]);
    expect(await readFile(join(folder, 'notes/000000000001-000000000006.ndjson.zst'))).toEqual(first);
    expect(await check()).toMatchObject([{ events: 10, position: 10, checkpoints: 2, faults: [] }]);
    const manifest = await save([log]);
    expect(manifest.logs[0]?.segments.map(({ first: from, last }) => [from, last])).toEqual([
      [1, 6],
      [7, 10],
    ]);
  });

  it('closes a file at each hundred thousand events', async () => {
    const store = new MemoryEventStore();
    await write(store, 0, 50_010);
    const manifest = await save([await exported(store)]);
    expect(manifest.logs[0]?.segments.map(({ first, last, events }) => [first, last, events])).toEqual([
      [1, 100_000, 100_000],
      [100_001, 100_020, 20],
    ]);
    expect(await check()).toMatchObject([{ events: 100_020, faults: [] }]);
  }, 60_000);

  it('is brought back into empty logs, exactly', async () => {
    const [notes, letters] = [new MemoryEventStore(), new MemoryEventStore()];
    await write(notes, 0, 3);
    await write(letters, 10, 12);
    await save([await exported(notes), await exported(letters, 'letters')]);
    const [one, other] = [new MemoryEventStore(), new MemoryEventStore()];
    const told: string[] = [];
    const tell = (log: string, what: string, position: number) => void told.push(`${log} ${what} ${position}`);
    await importLogs({ folder, ledgers: { notes: one.ledger, letters: other.ledger }, tell });
    expect(await collected(one.ledger.entries(0))).toEqual(await collected(notes.ledger.entries(0)));
    expect(await other.log.read(0, 99)).toEqual(await letters.log.read(0, 99));
    expect(await verified(one, known)).toMatchObject({ events: 6, checkpoints: 1, faults: [] });
    expect(told).toEqual(['notes verified 6', 'letters verified 4', 'notes stored 6', 'letters stored 4']);
  });

  it('stores none of its logs where one of them is not empty, or not known', async () => {
    const [notes, letters] = [new MemoryEventStore(), new MemoryEventStore()];
    await write(notes, 0, 3);
    await write(letters, 10, 12);
    await save([await exported(notes), await exported(letters, 'letters')]);
    const [empty, full] = [new MemoryEventStore(), new MemoryEventStore()];
    await write(full, 0, 1);
    const ledgers = { notes: empty.ledger, letters: full.ledger };
    await expect(importLogs({ folder, ledgers })).rejects.toThrow('not empty');
    await expect(importLogs({ folder, ledgers: { notes: empty.ledger } })).rejects.toThrow('no log letters here');
    expect([await empty.log.head(), await full.log.head()]).toEqual([0, 2]);
  });

  it('of one tenant holds its events only, each provable by itself, and cannot be brought back', async () => {
    const store = new MemoryEventStore();
    await write(store, 0, 5);
    await save([await exported(store, 'notes', 'ten_b')], 'ten_b');
    expect(await check()).toMatchObject([{ events: 4, position: 8, checkpoints: 0, faults: [] }]);
    const [file = ''] = await readdir(join(folder, 'notes'));
    expect(file).toBe('000000000003-000000000008.ndjson.zst');
    const text = zstdDecompressSync(await readFile(join(folder, 'notes', file))).toString();
    expect(text).toContain('ten_b');
    expect(text).not.toContain('ten_a');
    await expect(importLogs({ folder, ledgers: { notes: new MemoryEventStore().ledger } })).rejects.toThrow(
      'of ten_b alone',
    );
    await expect(save([await exported(store)])).rejects.toThrow('an export of ten_b, not of all tenants');
  });

  it('is refused of a log that is not what was stored, and at a folder that holds something else', async () => {
    const store = new MemoryEventStore();
    await write(store, 0, 3);
    const log = await exported(store);
    const forged: ExportedLog = {
      ...log,
      async *lines(after, upTo) {
        for await (const lines of log.lines(after, upTo)) yield lines.map((line) => line.replace('done 1', 'done 9'));
      },
    };
    await expect(save([forged])).rejects.toThrow('the log notes is damaged at 4');
    expect(await readdir(join(folder, 'notes'))).toEqual([]);
    await mkdir(join(folder, 'notes'), { recursive: true });
    await writeFile(join(folder, 'diary.txt'), 'dear diary');
    await expect(save([log])).rejects.toThrow('something else');
  });

  it('says which key it is signed with that nobody here knows', async () => {
    const store = new MemoryEventStore();
    await write(store, 0, 1);
    await save([await exported(store)]);
    const [{ faults, checkpoints } = { faults: [], checkpoints: 1 }] = await check(new PublicKeys([]));
    expect([checkpoints, faults.map(({ kind }) => kind)]).toEqual([0, ['key']]);
  });
});
