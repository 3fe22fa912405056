import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { GENESIS, chained, lineOf } from '../chain.js';
import { ChainCheck } from '../proof/chain-check.js';
import type { SignedCheckpoint } from '../proof/checkpoint.js';
import type { Fault } from '../proof/fault.js';
import type { LoneEntry } from '../proof/ledger.js';
import type { PublicKey } from '../proof/signing-key.js';
import { ArchiveRefused } from './archive-refused.js';
import { entryIn, loneEntryIn } from './archived-line.js';
import { FORMAT, SEGMENT, fileOf, readManifest, writeManifest } from './manifest.js';
import type { ArchivedLog, Manifest, Segment } from './manifest.js';
import { SegmentFile, linesIn } from './segment-file.js';

/** A log that can be read out, wherever it is. */
export type ExportedLog = Readonly<{
  name: string;
  /** How far it is read out. */
  position: number;
  /** Its lines behind a position and up to another, each as `archivedLine` or, of one tenant, as `loneLine` writes it. */
  lines(after: number, upTo: number): AsyncIterable<readonly string[]>;
  /** The newest checkpoint at or before a position. */
  checkpoint(upTo: number): Promise<SignedCheckpoint | null>;
}>;

export type Export = Readonly<{
  folder: string;
  logs: readonly ExportedLog[];
  keys: readonly PublicKey[];
  /** Only the events of this one. */
  tenant: string | null;
  at: string;
  /** Hears how far it is, after each page. */
  tell?(log: string, position: number, events: number): void;
}>;

/**
 * Writes logs into a folder, or goes on where an earlier export into it has ended or was ended. Every line is verified on
 * its way; the manifest tells of whole files only.
 * @throws ArchiveRefused when the folder holds something else, DamagedLog when the log is not what was stored
 */
export const exportLogs = async (asked: Export): Promise<Manifest> => {
  const { folder, tenant, at, keys } = asked;
  let manifest = await begun(folder, tenant, at);
  const known = new Set(manifest.keys.map(({ id }) => id));
  const more = keys.filter(({ id }) => !known.has(id)).map(({ id, pem }) => ({ id, publicKey: pem }));
  manifest = { ...manifest, exportedAt: at, keys: [...manifest.keys, ...more] };
  for (const log of asked.logs) {
    const before = manifest.logs.find(({ name }) => name === log.name) ?? emptyLog(log.name);
    for await (const after of exportLog(asked, log, before)) {
      manifest = { ...manifest, logs: withLog(manifest.logs, after) };
      await writeManifest(folder, manifest);
    }
  }
  await writeManifest(folder, manifest);
  return manifest;
};

/** In its place, or behind the others. */
const withLog = (logs: Manifest['logs'], log: ArchivedLog) =>
  logs.some(({ name }) => name === log.name) ? logs.map((it) => (it.name === log.name ? log : it)) : [...logs, log];

/** What was read is not what was stored, so it was not written on. */
export class DamagedLog extends Error {
  constructor(log: string, { from, what }: Fault) {
    super(`the log ${log} is damaged at ${from}: ${what}`);
  }
}

const emptyLog = (name: string): ArchivedLog => ({
  name,
  position: 0,
  events: 0,
  firstHash: null,
  lastHash: null,
  segments: [],
  checkpoints: [],
});

const begun = async (folder: string, tenant: string | null, at: string): Promise<Manifest> => {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const manifest = await readManifest(folder);
  if (!manifest) {
    // What a first export leaves that was ended before its first file was whole.
    const names = (await readdir(folder)).filter((name) => name !== 'manifest.json.part');
    const others = await Promise.all(names.map((name) => isLeftOver(join(folder, name))));
    if (others.includes(false)) throw new ArchiveRefused(`${folder} holds something else than an export`);
    return { format: FORMAT, exportedAt: at, tenant, keys: [], logs: [] };
  }
  if (manifest.tenant !== tenant) {
    const whose = (it: string | null) => (it === null ? 'all tenants' : it);
    throw new ArchiveRefused(`${folder} holds an export of ${whose(manifest.tenant)}, not of ${whose(tenant)}`);
  }
  for (const { segments } of manifest.logs) {
    // Read again to its end, where it is known to be what the manifest says: the next one is chained to it.
    const last = segments.at(-1);
    if (last) await readThrough(linesIn(folder, last));
  }
  return manifest;
};

const readThrough = async (pages: AsyncIterator<unknown>): Promise<void> => {
  while (!(await pages.next()).done);
};

const isLeftOver = async (path: string): Promise<boolean> =>
  (await stat(path)).isDirectory() && (await readdir(path)).every((name) => name === 'next.part');

/** The log as it is in the folder, after each file. */
async function* exportLog({ folder, tenant, tell }: Export, log: ExportedLog, before: ArchivedLog) {
  let archived = before;
  const check = tenant === null ? whole(archived) : lone(tenant);
  while (archived.position < log.position) {
    const end = Math.min(log.position, (Math.floor(archived.position / SEGMENT) + 1) * SEGMENT);
    const file = await SegmentFile.create(folder, log.name);
    let first: Line | undefined;
    let last: Line | undefined;
    let events = 0;
    try {
      for await (const lines of log.lines(archived.position, end)) {
        const checked = lines.map((line) => check(log.name, line));
        first ??= checked[0];
        last = checked.at(-1) ?? last;
        events += lines.length;
        await file.write(lines);
        tell?.(log.name, last?.position ?? archived.position, archived.events + events);
      }
      if (tenant === null && last?.position !== end) throw new ArchiveRefused(`${log.name} ended before ${end}`);
    } catch (error) {
      await file.abandon();
      throw error;
    }
    const checkpoint = await log.checkpoint(end);
    if (first && last) {
      const range = { first: first.position, last: last.position };
      const name = fileOf(log.name, range);
      const hashes = { firstHash: first.hash, lastHash: last.hash };
      archived = joined(archived, { file: name, ...range, events, ...hashes, ...(await file.close(name)) });
    } else await file.abandon();
    const isNew = checkpoint !== null && checkpoint.position > (archived.checkpoints.at(-1)?.position ?? 0);
    archived = { ...archived, position: end, checkpoints: [...archived.checkpoints, ...(isNew ? [checkpoint] : [])] };
    yield archived;
  }
}

type Line = Readonly<{ position: number; hash: string }>;

const joined = (log: ArchivedLog, segment: Segment): ArchivedLog => ({
  ...log,
  events: log.events + segment.events,
  firstHash: log.firstHash ?? segment.firstHash,
  lastHash: segment.lastHash,
  segments: [...log.segments, segment],
});

/** Each line follows from the one before it. */
const whole = ({ position, lastHash }: ArchivedLog) => {
  const check = new ChainCheck({ position, hash: lastHash ?? GENESIS }, []);
  return (log: string, line: string): Line => {
    const entry = entryIn(line);
    check.take([entry]);
    if (check.faults === 0) return entry;
    const [fault] = check.end().faults;
    throw fault ? new DamagedLog(log, fault) : new Error('a fault that is none');
  };
};

/** Each line follows from the hash that it says it is chained to: its neighbours are somebody else's. */
const lone =
  (tenant: string) =>
  (log: string, line: string): Line => {
    const entry = loneEntryIn(line);
    if (isWellAlone(entry) && entry.tenant === tenant) return entry;
    const { position, stream } = entry;
    const what = 'the event is not what was stored';
    throw new DamagedLog(log, { kind: 'changed', from: position, to: position, streams: [stream], what });
  };

export const isWellAlone = (entry: LoneEntry): boolean => chained(entry.before, lineOf(entry)) === entry.hash;
