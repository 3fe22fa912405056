import { createHash } from 'node:crypto';
import { copyFile, link, mkdir, mkdtemp, readFile, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, createZstdCompress, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { GENESIS, chained } from '../chain.js';
import { MemoryEventStore } from '../memory/memory-event-store.js';
import { at, exported, keys, write } from './archive.fixtures.js';
import { exportLogs } from './export-logs.js';
import { importLogs } from './import-logs.js';
import type { Manifest } from './manifest.js';
import { keysOf, openArchive, verifyArchived } from './verify-archive.js';

const FILE = 'notes/000000000001-000000000006.ndjson.zst';
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** JSON as it comes, whose shape a forger changes at will. */
type Loose = { [name: string]: Loose } & Loose[] & string & number;

/**
 * What somebody who wants to do harm may have made of an export. Each is refused with a reason, before and apart from the
 * reader's own checks nothing is stored, and the process lives.
 */
describe('a hostile export', () => {
  let folder: string;
  let lines: readonly string[];
  beforeEach(async () => {
    folder = join(await mkdtemp(join(tmpdir(), 'strata-hostile-')), 'all');
    const store = new MemoryEventStore();
    await write(store, 0, 3);
    await exportLogs({ folder, logs: [await exported(store)], keys, tenant: null, at });
    lines = zstdDecompressSync(await readFile(join(folder, FILE)))
      .toString()
      .trimEnd()
      .split('\n');
  });
  afterEach(() => rm(join(folder, '..'), { recursive: true }));

  const refusal = async (): Promise<string> => {
    const store = new MemoryEventStore();
    const refused: unknown = await importLogs({ folder, ledgers: { notes: store.ledger } }).then(
      () => new Error('it was brought back'),
      (error: unknown) => error,
    );
    expect([await store.log.head(), await store.ledger.checkpoints()]).toEqual([0, []]);
    return refused instanceof Error ? refused.message : String(refused);
  };

  const reshape = async (change: (manifest: Loose) => void): Promise<void> => {
    const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as Loose;
    change(manifest);
    await writeFile(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 1)}\n`);
  };

  /** Puts other bytes into the file, with a manifest that says all the right things of them. */
  const disguise = async (bytes: Buffer, more: Partial<Manifest['logs'][number]['segments'][number]> = {}) => {
    await writeFile(join(folder, FILE), bytes);
    await reshape(({ logs }) => {
      const segment = logs?.[0]?.['segments']?.[0];
      Object.assign(segment ?? {}, { bytes: bytes.length, sha256: sha256(bytes), ...more });
    });
  };
  const packed = (text: string) => disguise(zstdCompressSync(Buffer.from(text)), { size: Buffer.byteLength(text) });
  const relined = (change: (line: string, index: number) => string) => packed(`${lines.map(change).join('\n')}\n`);

  /** With all hashes computed anew, and a manifest and no checkpoint that could tell. */
  const rechained = async (change: (line: string, index: number) => string) => {
    let before = GENESIS;
    const hashes: string[] = [];
    const forged = lines.map((line, index) => {
      const bare = `${change(line, index).replace(/,"hash":"[0-9a-f]+"}$/, '')}}`;
      before = chained(before, bare);
      hashes.push(before);
      return `${bare.slice(0, -1)},"hash":"${before}"}`;
    });
    await packed(`${forged.join('\n')}\n`);
    await reshape(({ logs }) => {
      const log = logs?.[0];
      const ends = { firstHash: hashes[0], lastHash: hashes.at(-1) };
      Object.assign(log ?? {}, { checkpoints: [], ...ends });
      Object.assign(log?.['segments']?.[0] ?? {}, ends);
    });
  };

  it('cannot choose the names of its files', async () => {
    await copyFile(join(folder, FILE), join(folder, '..', 'outside.ndjson.zst'));
    for (const file of ['../outside.ndjson.zst', '/etc/passwd', 'notes/../notes/x', 'notes/x\u0000', 'NOTES/1-6']) {
      await reshape(({ logs }) => Object.assign(logs?.[0]?.['segments']?.[0] ?? {}, { file }));
      expect(await refusal()).toContain('is not called so');
    }
    for (const name of ['../notes', 'no/tes', 'Notes', '', 'a'.repeat(64)]) {
      await reshape(({ logs }) => Object.assign(logs?.[0] ?? {}, { name }));
      expect(await refusal()).toContain('logs.0.name');
    }
  });

  it('cannot lead elsewhere by a link', async () => {
    const away = join(folder, '..', 'away');
    await rename(join(folder, 'notes'), away);
    await symlink(away, join(folder, 'notes'));
    expect(await refusal()).toContain('cannot be opened');
    await unlink(join(folder, 'notes'));
    await mkdir(join(folder, 'notes'));
    await symlink(join(away, '000000000001-000000000006.ndjson.zst'), join(folder, FILE));
    expect(await refusal()).toContain('cannot be opened');
    await unlink(join(folder, FILE));
    await mkdir(join(folder, FILE));
    expect(await refusal()).toMatch(/bytes long|cannot be opened/);
    await rename(join(folder, 'manifest.json'), join(folder, '..', 'manifest.json'));
    await symlink(join(folder, '..', 'manifest.json'), join(folder, 'manifest.json'));
    expect(await refusal()).toContain('is a link');
  });

  it('cannot be larger than it says, or packed tighter than events can be', async () => {
    const bomb = zstdCompressSync(Buffer.alloc(16 * 1024 * 1024, '{"a":1}\n'));
    await disguise(bomb);
    expect(await refusal()).toContain('holds more than its manifest says');
    await disguise(bomb, { size: 16 * 1024 * 1024 });
    expect(await refusal()).toContain('packed tighter');
    const long = zstdCompressSync(Buffer.alloc(18 * 1024 * 1024, 'x'));
    await disguise(Buffer.concat([long, Buffer.alloc(200_000)]), { size: 18 * 1024 * 1024 });
    expect(await refusal()).toContain('too long');
    // What it is packed with asks for more memory than we give.
    const wide = createZstdCompress({ params: { [constants.ZSTD_c_windowLog]: 27 } });
    wide.end(lines.join('\n'));
    await disguise(Buffer.concat((await wide.toArray()) as Buffer[]), { size: 4_000 });
    expect(await refusal()).toContain('cannot be unpacked: Frame requires too much memory');
    await writeFile(join(folder, 'manifest.json'), Buffer.alloc(17 * 1024 * 1024, ' '));
    expect(await refusal()).toContain('too large');
  }, 60_000);

  it('cannot be cut off, added to, or be no archive at all', async () => {
    const bytes = await readFile(join(folder, FILE));
    await writeFile(join(folder, FILE), bytes.subarray(0, -10));
    expect(await refusal()).toContain('bytes long');
    await disguise(bytes.subarray(0, -10));
    expect(await refusal()).toContain('cannot be unpacked');
    await disguise(bytes.subarray(0, bytes.length >> 1));
    expect(await refusal()).toContain('cannot be unpacked');
    await disguise(Buffer.concat([bytes, Buffer.from('and more')]));
    expect(await refusal()).toContain('something behind its end');
    await disguise(Buffer.concat([bytes, bytes]));
    expect(await refusal()).toContain('something behind its end');
    await disguise(Buffer.alloc(bytes.length, 'no archive'));
    expect(await refusal()).toContain('cannot be unpacked');
    const flipped = Buffer.from(bytes);
    flipped[30] = (flipped[30] ?? 0) ^ 1;
    await writeFile(join(folder, FILE), flipped);
    expect(await refusal()).toMatch(/another SHA-256|cannot be unpacked/);
    await unlink(join(folder, FILE));
    expect(await refusal()).toContain('cannot be opened');
  });

  it('cannot say a thing twice, or say it otherwise than we do', async () => {
    const oddities: ((line: string) => string)[] = [
      (line) => line.replace('{"position":4', '{"position":4,"position":4'),
      (line) => line.replace('"data":{', '"data":{"text":"first",'),
      (line) => line.replace('"meta":{', '"meta":{"tenantId":"ten_x",'),
      (line) => line.replace('"data":{', '"data": {'),
      (line) => line.replace('"version":2', '"version":2.0'),
      (line) => line.replace('"position":4', '"position":"4"'),
      (line) => line.replace('{"position":4,', '{"extra":1,"position":4,'),
      (line) => line.replace('{"position":4,', '{"__proto__":{},"position":4,'),
      (line) => line.replace('"id":"0', '"id":"not-0'),
      (line) => line.replace('"type":"Noted"', '"type":"No\\u0000ted"'),
      (line) => line.replace(/"commandId":"[^"]+"/, '"commandId":"1"'),
      (line) => line.replace(/"at":"[^"]+"/, '"at":"yesterday"'),
      (line) => line.slice(0, -20),
      () => 'null',
      () => '[]',
      () => '',
      () => '\u{fffd}',
    ];
    for (const odd of oddities) {
      await rechained((line, index) => (index === 3 ? odd(line) : line));
      expect(await refusal()).toMatch(/not written as|no JSON|fits|looks like/);
    }
    const bytes = Buffer.from(`${lines.join('\n')}\n`);
    bytes[bytes.indexOf('begun 1')] = 0xff;
    await disguise(zstdCompressSync(bytes), { size: bytes.length });
    expect(await refusal()).toContain('cannot be unpacked');
  }, 60_000);

  it('cannot change, move, leave out or add an event', async () => {
    await relined((line, index) => (index === 3 ? line.replace('done 1', 'done 9') : line));
    expect(await refusal()).toContain('damaged at 4');
    await relined((_, index) => lines[index === 2 ? 3 : index === 3 ? 2 : index] ?? '');
    expect(await refusal()).toContain('damaged at 3');
    await packed(`${lines.filter((_, index) => index !== 3).join('\n')}\n`);
    expect(await refusal()).toMatch(/holds less|damaged at 4/);
    await packed(`${[...lines, lines[5]].join('\n')}\n`);
    expect(await refusal()).toContain('holds more');
    await reshape(({ logs }) => Object.assign(logs?.[0] ?? {}, { lastHash: GENESIS }));
    expect(await refusal()).toContain('hashes are not its files');
  });

  it('cannot forge a whole chain that makes no log', async () => {
    await rechained((line, index) => (index === 3 ? line.replace('"version":2', '"version":3') : line));
    expect(await refusal()).toContain('are not 1, 2, 3');
    await rechained((line, index) => (index === 0 ? line.replace(/("recordedAt":")2/, '$13') : line));
    expect(await refusal()).toContain('time goes back');
    // A chain that is one is a log: nothing but a signature can tell that it is not the one that it says it is.
    await rechained((line) => line.replace('done 1', 'done 9'));
    const { ledger, log } = new MemoryEventStore();
    await importLogs({ folder, ledgers: { notes: ledger } });
    expect((await log.read(3, 1))[0]?.data).toMatchObject({ text: 'done 9' });
  });

  it('cannot sign with a key under another’s name, or with none', async () => {
    await reshape((manifest) => Object.assign(manifest['keys']?.[0] ?? {}, { id: '0123456789abcdef' }));
    expect(await refusal()).toContain('called after itself');
    await reshape((manifest) => Object.assign(manifest['keys']?.[0] ?? {}, { publicKey: 'none' }));
    expect(await refusal()).toContain('is none');
    await reshape((manifest) => Object.assign(manifest, { keys: [] }));
    expect(await refusal()).toContain('not known here');
  });

  it('cannot have a manifest that two readers understand in two ways', async () => {
    const path = join(folder, 'manifest.json');
    const text = await readFile(path, 'utf8');
    for (const odd of [
      text.replace('"tenant": null', '"tenant": "ten_a",\n "tenant": null'),
      text.replace('"tenant": null', '"tenant": null, "more": 1'),
      text.replace('export/1', 'export/2'),
      `${text}{}`,
      text.replaceAll('\n', ''),
      '{',
      '',
    ]) {
      await writeFile(path, odd);
      expect(await refusal()).toContain('manifest.json');
    }
    await unlink(path);
    await link(join(folder, FILE), path);
    expect(await refusal()).toContain('manifest.json');
  });

  it('is told of in full by those who only verify it', async () => {
    await relined((line, index) => (index === 1 || index === 4 ? line.replace('ten_a', 'ten_c') : line));
    const manifest = await openArchive(folder);
    const [log] = manifest.logs;
    if (!log) throw new Error('it has a log');
    const kinds: unknown[] = [];
    for await (const step of verifyArchived(folder, manifest, log, keysOf(manifest))) {
      if ('verified' in step) kinds.push(...step.verified.faults.map(({ kind, from }) => [kind, from]));
    }
    expect(kinds).toEqual([
      ['changed', 2],
      ['changed', 5],
    ]);
  });
});
