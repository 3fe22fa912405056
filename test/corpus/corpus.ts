import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Fold } from './folding.js';
import type { Line } from './normal.js';
import { shapeOf } from './shape.js';
import type { Shapes } from './shape-law.js';

/** The release that is being made. Its name is given to it when it is made. */
export const NEXT = 'next';

const checkout = (): string => {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
};
const place = join(checkout(), 'test/corpus');

/** The releases whose logs are kept, oldest first. */
export const releases = (): readonly string[] =>
  readdirSync(place, { withFileTypes: true })
    .filter((it) => it.isDirectory())
    .map(({ name }) => name)
    .toSorted((a, b) => (a === NEXT ? 1 : b === NEXT ? -1 : a.localeCompare(b, 'en', { numeric: true })));

const linesIn = <T>(path: string): readonly T[] =>
  existsSync(join(place, path))
    ? readFileSync(join(place, path), 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as T) // The recorder wrote these files, as what they are read for.
    : [];

const writeLines = (path: string, lines: readonly string[]) => {
  if (lines.length === 0) return rmSync(join(place, path), { force: true });
  mkdirSync(dirname(join(place, path)), { recursive: true });
  writeFileSync(join(place, path), `${lines.join('\n')}\n`);
};

/** The log of a service as a release left it. */
export const logOf = (release: string, service: string): readonly Line[] =>
  linesIn<Line>(`${release}/${service}.ndjson`);

/** What its events came to, one by one. */
export const foldsKept = (release: string, service: string): readonly Fold[] =>
  linesIn<Fold>(`${release}/${service}.folds.ndjson`);

export const shapesKept = (service: string): Shapes => {
  const path = join(place, `${service}.shapes.json`);
  // As above.
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Shapes) : {};
};

export const keepLog = (release: string, service: string, lines: readonly Line[]): void =>
  writeLines(
    `${release}/${service}.ndjson`,
    lines.map((it) => JSON.stringify(it)),
  );

export const keepFolds = (release: string, service: string, folds: readonly Fold[]): void =>
  writeLines(
    `${release}/${service}.folds.ndjson`,
    folds.map((it) => JSON.stringify(it)),
  );

export const keepShapes = (service: string, shapes: Shapes): void =>
  writeFileSync(join(place, `${service}.shapes.json`), `${JSON.stringify(shapes, null, 2)}\n`);

// ── Shapes of events ─────────────────────────────────────────────

/** What else than its type decides which shape an event has: the table that a journal follows, or the command in it. */
const variantOf = ({ type, data }: Pick<Line, 'type' | 'data'>): string => {
  const { kind, command, step } = data as Readonly<{ kind?: string; command?: { type: string } | null; step?: string }>; // of journals, as process-rules.ts says
  if (type === 'ProcessStarted') return ` ${kind}`;
  if (type === 'StepStarted' || type === 'UndoStarted' || type === 'ProcessEnded')
    return command ? ` ${command.type}` : '';
  return type === 'StepSucceeded' ? ` ${step}` : '';
};

/** `InstancePlaced 2`, `StepStarted 1 PlaceInstance`: a name for every shape that a version of an event has. */
export const nameOf = (line: Line): string => `${line.type} ${line.schemaVersion}${variantOf(line)}`;

/** The shape of the data of each version of each event, and of what every event has around it. */
export const shapesOf = (lines: readonly Line[]): Shapes => {
  const around = lines.map(({ data: _, ...line }) => line);
  const byName = [...Map.groupBy(lines, nameOf)].toSorted(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }));
  return Object.fromEntries([
    ['(around every event)', shapeOf(around)],
    ...byName.map(([name, its]) => [name, shapeOf(its.map(({ data }) => data))] as const),
  ]);
};
