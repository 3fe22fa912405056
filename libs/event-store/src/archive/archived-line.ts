import { lineOf } from '../chain.js';
import type { Entry, LoneEntry } from '../proof/ledger.js';
import { ArchiveRefused } from './archive-refused.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const HASH = /^[0-9a-f]{64}$/;
const ORIGIN = ['tenantId', 'actor', 'correlationId', 'causationId', 'commandId'] as const;
const LONGEST_NAME = 1_000;
const LARGEST = { position: Number.MAX_SAFE_INTEGER, version: 2 ** 31 - 1, schemaVersion: 2 ** 15 - 1 } as const;

/** An entry as one line of JSON: the line that is hashed, with its hash as the last property. */
export const archivedLine = (entry: Entry): string => `${lineOf(entry).slice(0, -1)},"hash":"${entry.hash}"}`;

/** Out of its row, it also says what it is chained to. */
export const loneLine = (entry: LoneEntry): string =>
  `${lineOf(entry).slice(0, -1)},"before":"${entry.before}","hash":"${entry.hash}"}`;

/**
 * The entry in a line that anybody may have written.
 * @throws ArchiveRefused unless it is, to the byte, a line as we write it: no property twice, none too many, none elsewhere
 */
export const entryIn = (line: string): Entry => {
  const { entry } = read(line);
  if (archivedLine(entry) !== line) throw refused(entry.position);
  return entry;
};

/** The same for a line of one tenant's. */
export const loneEntryIn = (line: string): LoneEntry => {
  const { entry, before } = read(line);
  const lone = { ...entry, before: typeof before === 'string' && HASH.test(before) ? before : '' };
  if (lone.before === '' || loneLine(lone) !== line) throw refused(entry.position);
  return lone;
};

const read = (line: string): Readonly<{ entry: Entry; before: unknown }> => {
  const it = objectOf(parse(line));
  const [meta, data] = [objectOf(it['meta']), objectOf(it['data'])];
  const number = (name: keyof typeof LARGEST) => {
    const value = it[name];
    if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0 && value <= LARGEST[name]) return value;
    throw refused(it['position'], `its ${name} is no number that fits`);
  };
  const text = (name: string, shape: RegExp, from = it) => {
    const value = from[name];
    if (typeof value === 'string' && shape.test(value)) return value;
    throw refused(it['position'], `its ${name} is not what such a thing looks like`);
  };
  for (const name of ORIGIN) text(name, NAMED, meta);
  const entry = {
    position: number('position'),
    stream: text('stream', NAMED),
    version: number('version'),
    type: text('type', NAMED),
    schemaVersion: number('schemaVersion'),
    id: text('id', UUID),
    at: text('at', TIME),
    recordedAt: text('recordedAt', TIME),
    meta: JSON.stringify(meta),
    data: JSON.stringify(data),
    tenant: text('tenantId', NAMED, meta),
    command: text('commandId', UUID, meta),
    hash: text('hash', HASH),
  };
  return { entry, before: it['before'] };
};

/** Not empty, and nothing in it that a database cannot hold. */
const NAMED = new RegExp(`^[^\\u0000]{1,${LONGEST_NAME}}$`, 's');

const parse = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    throw new ArchiveRefused('a line is no JSON');
  }
};

const objectOf = (value: unknown): Readonly<Record<string, unknown>> => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ArchiveRefused('a line, its meta or its data is no JSON object');
  }
  return value as Record<string, unknown>; // Any object has properties of which nothing is known.
};

const refused = (position: unknown, why = 'it is not written as Strata writes it') =>
  new ArchiveRefused(`the event at ${typeof position === 'number' ? position : 'an unknown position'}: ${why}`);
