import {
  MemoryEventLog,
  MemoryEventStore,
  ProvenLog,
  SystemClock,
  exportLogs,
  keysOf,
  linesOf,
  openArchive,
  openHomeKeys,
  verifyArchived,
} from '@strata/event-store';
import type { ExportedLog } from '@strata/event-store';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { history } from '../../apps/iaas/src/iaas.module.js';
import { statusOf } from '../../apps/iaas/src/instance/instance-state.js';
import { instanceView } from '../../apps/iaas/src/instance/instance.view.js';
import type { InstanceRow } from '../../apps/iaas/src/instance/instance.view.js';
import { tellIaasStories } from '../corpus/iaas-stories.js';

/*
 * Somebody who trusts nothing of ours has an export and docs/verify-export.py, which uses none of our code. It must come to
 * what our own code comes to, at every position, and find what was changed.
 */

const lacking = ['python3', 'zstd', 'openssl'].filter(
  (name) => !(process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, name))),
);
if (lacking.length > 0) console.warn(`SKIPPED: a stranger verifies an export: there is no ${lacking.join(', ')}`);

const script = (): string => {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'docs/verify-export.py'))) folder = dirname(folder);
  return join(folder, 'docs/verify-export.py');
};

type Said = Readonly<{ events: number; instances: readonly [string, string][]; faults: readonly string[] }>;

const ask = async (...words: readonly string[]): Promise<Said & Readonly<{ exit: number }>> => {
  const run = promisify(execFile)('python3', [script(), ...words]);
  const [exit, stdout] = await run.then(
    (ended) => [0, ended.stdout] as const,
    (error: Readonly<{ code: number; stdout: string }>) => [error.code, error.stdout] as const,
  );
  return { exit, ...(JSON.parse(stdout) as Said) }; // The script's last line.
};

(lacking.length > 0 ? describe.skip : describe)('a stranger with an export', () => {
  const log = new MemoryEventLog(undefined, history);
  const store = new MemoryEventStore(log);
  let place: string;
  let folder: string;
  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), 'strata-stranger-'));
    folder = join(place, 'export');
    await tellIaasStories(log, () => new MemoryEventStore(log));
    const keys = await openHomeKeys(place);
    const proven = await ProvenLog.open({ name: 'iaas', store, keys, clock: new SystemClock() });
    const checkpoint = await proven.sign();
    const exported: ExportedLog = {
      name: 'iaas',
      position: checkpoint?.position ?? 0,
      lines: (after, upTo) => linesOf(store.ledger, { after, upTo, tenant: null }),
      checkpoint: async (upTo) => (await store.ledger.lastCheckpoint(upTo)) ?? null,
    };
    await proven.close();
    const at = new Date().toISOString();
    await exportLogs({ folder, logs: [exported], keys: keys.known.all(), tenant: null, at });
  });
  afterAll(() => rm(place, { recursive: true }));

  /** What our own fold says of a tenant at a position. */
  const truth = async (tenantId: string, position: number): Promise<Omit<Said, 'faults'>> => {
    const rows = new Map<string, InstanceRow>();
    const events = await log.read(0, position);
    for (const event of events) {
      // The view's key says which events are those of instances.
      const known = event as Parameters<typeof instanceView.evolve>[1];
      const key = instanceView.key(known);
      if (typeof key !== 'string') continue;
      const row = instanceView.evolve(rows.get(key), known, key);
      if (row) rows.set(key, row);
      else rows.delete(key);
    }
    const own = [...rows.values()].filter((row) => row.tenantId === tenantId);
    return {
      events: events.filter(({ meta }) => meta.tenantId === tenantId).length,
      instances: own.map((row): [string, string] => [row.name, statusOf(row)]).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    };
  };

  /** A copy of the export in which the file is another, with a manifest that says all the right things of it. */
  const forge = async (change: (lines: readonly string[]) => readonly string[]): Promise<string> => {
    const forged = join(place, `forged-${Math.random()}`);
    await cp(folder, forged, { recursive: true });
    type Loose = { logs: { segments: { file: string; sha256: string; bytes: number; size: number }[] }[] };
    const manifest = JSON.parse(await readFile(join(forged, 'manifest.json'), 'utf8')) as Loose; // as it was written
    const segment = manifest.logs[0]?.segments[0];
    if (!segment) throw new Error('an export has a file');
    const text = zstdDecompressSync(await readFile(join(forged, segment.file))).toString();
    const other = Buffer.from(change(text.split('\n')).join('\n'));
    const packed = zstdCompressSync(other);
    await writeFile(join(forged, segment.file), packed);
    const sha256 = createHash('sha256').update(packed).digest('hex');
    Object.assign(segment, { sha256, bytes: packed.length, size: other.length });
    await writeFile(join(forged, 'manifest.json'), `${JSON.stringify(manifest, null, 1)}\n`);
    return forged;
  };

  const ourFaults = async (place: string) => {
    const manifest = await openArchive(place);
    const found: unknown[] = [];
    for (const it of manifest.logs) {
      for await (const step of verifyArchived(place, manifest, it, keysOf(manifest))) {
        if ('verified' in step) found.push(...step.verified.faults.map(({ kind, from }) => [kind, from]));
      }
    }
    return found;
  };

  it('has a script of sixty lines', async () => {
    const text = await readFile(script(), 'utf8');
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(60);
    expect([...text.matchAll(/^import (.+)$/gm)].map(([, names]) => names)).toEqual([
      'base64, hashlib, json, os, re, subprocess, sys, tempfile',
    ]);
  });

  it('comes to what our own code comes to, at any position', async () => {
    const head = await log.head();
    const seen = new Set<string>();
    for (let part = 1; part <= 12; part++) {
      const position = Math.ceil((head * part) / 12);
      const said = await ask(folder, 'ten_default', String(position));
      expect(said).toEqual({ exit: 0, faults: [], ...(await truth('ten_default', position)) });
      for (const [, status] of said.instances) seen.add(status);
    }
    expect([...seen].toSorted()).toEqual(expect.arrayContaining(['error', 'provisioning', 'running', 'stopped']));
    expect(await ask(folder, 'ten_default')).toMatchObject(await truth('ten_default', head));
  }, 60_000);

  it('finds what was changed, left out, moved or doubled, as our own code does', async () => {
    const changed = await forge((lines) =>
      lines.map((line, at) => (at === 41 ? line.replace('"at":"2', '"at":"1') : line)),
    );
    expect(await ourFaults(changed)).toEqual([['changed', 42]]);
    expect(await ask(changed)).toMatchObject({ exit: 1, faults: ['iaas 42: changed'] });

    const short = await forge((lines) => lines.filter((_, at) => at !== 41));
    expect(await ourFaults(short)).toContainEqual(['missing', 42]);
    expect((await ask(short)).faults[0]).toBe('iaas 42: missing');

    const moved = await forge((lines) => lines.map((line, at) => lines[at === 41 ? 42 : at === 42 ? 41 : at] ?? line));
    expect((await ourFaults(moved)).length).toBeGreaterThan(0);
    expect((await ask(moved)).faults[0]).toContain('iaas 42: missing');

    const doubled = await forge((lines) => [...lines.slice(0, 42), lines[41] ?? '', ...lines.slice(42)]);
    expect((await ourFaults(doubled)).length).toBeGreaterThan(0);
    expect((await ask(doubled)).faults[0]).toBe('iaas 43: missing');
  }, 60_000);

  it('finds a file that is another, and a signature that is not the key’s', async () => {
    const cut = join(place, 'cut');
    await cp(folder, cut, { recursive: true });
    const manifest = await readFile(join(cut, 'manifest.json'), 'utf8');
    const [, file = ''] = /"file": "([^"]+)"/.exec(manifest) ?? [];
    await writeFile(join(cut, file), (await readFile(join(cut, file))).subarray(0, -20));
    const { exit, faults } = await ask(cut);
    expect([exit, faults[0]]).toEqual([1, `${file}: another SHA-256`]);

    await cp(folder, cut, { recursive: true });
    await writeFile(join(cut, 'manifest.json'), manifest.replace(/"at": "2/, '"at": "1'));
    expect((await ask(cut)).faults).toEqual([expect.stringContaining('not signed')]);
    expect(await ourFaults(cut)).toEqual([['signature', await log.head()]]);

    const stranger = join(await mkdtemp(join(place, 'other-')));
    const { known } = await openHomeKeys(stranger);
    await writeFile(join(stranger, 'keys.pem'), known.all()[0]?.pem ?? '');
    const byOthers = await ask(folder, 'ten_default', String(await log.head()), join(stranger, 'keys.pem'));
    expect(byOthers.faults).toEqual([expect.stringContaining('not signed')]);
  }, 60_000);
});
