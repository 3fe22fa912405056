import { constants } from 'node:fs';
import { open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ArchiveRefused } from './archive-refused.js';

export const FORMAT = 'strata-log-export/1';
const FILE = 'manifest.json';
const LARGEST = 16 * 1024 * 1024;

/** Lines in one file are those of one range of positions, which ends at a multiple of this or with the log. */
export const SEGMENT = 100_000;

/** What a line can be packed into: half of a line is hashes and ids, which nothing makes smaller. */
const MOST_PACKED = 100;

const Position = z.int().min(1);
const Hash = z.string().regex(/^[0-9a-f]{64}$/);
const Count = z.int().min(0);

const Checkpoint = z.strictObject({
  position: Position,
  hash: Hash,
  at: z.iso.datetime(),
  keyId: z.string().regex(/^[0-9a-f]{16}$/),
  signature: z.string().max(200),
});

const Segment = z.strictObject({
  file: z.string().max(200),
  first: Position,
  last: Position,
  events: Position,
  firstHash: Hash,
  lastHash: Hash,
  /** Of the file, and of the lines in it. */
  bytes: Position,
  size: Position,
  sha256: Hash,
});
export type Segment = z.infer<typeof Segment>;

const Log = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,30}$/),
  /** The last position that it was exported up to; of one tenant's the last event may be an earlier one. */
  position: Count,
  events: Count,
  firstHash: Hash.nullable(),
  lastHash: Hash.nullable(),
  segments: z.array(Segment),
  checkpoints: z.array(Checkpoint),
});
export type ArchivedLog = z.infer<typeof Log>;

const Manifest = z.strictObject({
  format: z.literal(FORMAT),
  exportedAt: z.iso.datetime(),
  /** Whose events these are; `null`: everybody's, and then nothing is left out. */
  tenant: z.string().max(64).nullable(),
  keys: z.array(z.strictObject({ id: z.string().max(16), publicKey: z.string().max(1_000) })).max(1_000),
  logs: z.array(Log).max(100),
});
export type Manifest = z.infer<typeof Manifest>;

/** A name that follows from what is in the file: nobody chooses it. */
export const fileOf = (log: string, { first, last }: Readonly<Pick<Segment, 'first' | 'last'>>): string =>
  `${log}/${digits(first)}-${digits(last)}.ndjson.zst`;

const digits = (position: number) => String(position).padStart(12, '0');

/** `undefined` when there is none. @throws ArchiveRefused when it is none of ours */
export const readManifest = async (folder: string): Promise<Manifest | undefined> => {
  const text = await textOf(join(folder, FILE));
  if (text === undefined) return undefined;
  const { success, data, error } = Manifest.safeParse(jsonOf(text));
  if (!success) {
    const [issue] = error.issues;
    throw new ArchiveRefused(`${FILE} is not that of an export: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  // Whatever JSON allows beside it (a name twice, say) two readers might understand in two ways.
  if (textFor(data) !== text) throw new ArchiveRefused(`${FILE} is not written as Strata writes it`);
  for (const log of data.logs) refuseOdd(log, data.tenant !== null);
  const names = data.logs.map(({ name }) => name);
  if (new Set(names).size < names.length) throw new ArchiveRefused(`${FILE} names a log twice`);
  return data;
};

/** Whole at any moment: the old one, or the new one. */
export const writeManifest = async (folder: string, manifest: Manifest): Promise<void> => {
  const draft = join(folder, `${FILE}.part`);
  const file = await open(draft, 'w', 0o600);
  try {
    await file.writeFile(textFor(manifest));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, join(folder, FILE));
};

const textFor = (manifest: Manifest) => `${JSON.stringify(Manifest.parse(manifest), null, 1)}\n`;

/** Its ranges follow one another, its files are called after them, and none is packed as nothing real can be. */
const refuseOdd = ({ name, position, events, segments, ...log }: ArchivedLog, isPart: boolean) => {
  const odd = (what: string) => new ArchiveRefused(`${FILE}: the log ${name}: ${what}`);
  let next = 1;
  for (const { file, first, last, ...segment } of segments) {
    if (file !== fileOf(name, { first, last })) throw odd(`a file with ${first} to ${last} is not called so`);
    const isNext = isPart ? first >= next : first === next;
    if (!isNext || last < first) throw odd(`its files do not follow one another at ${first}`);
    if (isPart ? segment.events > last - first + 1 : segment.events !== last - first + 1) {
      throw odd(`${first} to ${last} are not ${segment.events} events`);
    }
    if (segment.size > segment.bytes * MOST_PACKED) throw odd(`${file} is packed tighter than events can be`);
    next = last + 1;
  }
  const ends = { firstHash: segments[0]?.firstHash ?? null, lastHash: segments.at(-1)?.lastHash ?? null };
  if (events !== segments.reduce((sum, it) => sum + it.events, 0)) throw odd(`its files do not hold ${events} events`);
  if (isPart ? position < next - 1 : position !== next - 1) throw odd(`its files do not end at ${position}`);
  if (log.firstHash !== ends.firstHash || log.lastHash !== ends.lastHash) throw odd('its hashes are not its files’');
  const places = log.checkpoints.map((it) => it.position);
  if (places.some((place, index) => place > position || place <= (places[index - 1] ?? 0))) {
    throw odd('its checkpoints are not in order');
  }
};

const textOf = async (path: string): Promise<string | undefined> => {
  try {
    if ((await stat(path)).size > LARGEST) throw new ArchiveRefused(`${FILE} is too large`);
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return undefined;
    if (code === 'ELOOP') throw new ArchiveRefused(`${FILE} is a link`);
    throw error;
  }
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Whoever checks the shape finds it wanting, and says so.
  }
};
