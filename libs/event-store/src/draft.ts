import type { Versions } from '@strata/event-sourcing';
import { v7, validate } from 'uuid';
import { chained, lineOf } from './chain.js';
import type { AppendGroup, Origin, Recorded } from './event.js';
import { parsed } from './json.js';

/** The one lane of a log. The column stays, so that a log can be given more lanes without changing its rows. */
export const LANE = 0;

type DraftEvent = Readonly<{ id: string; type: string; schemaVersion: number; data: string }>;
/** `origin` is `meta` as it is stored. */
type DraftCommand = Readonly<{ id: string; at: string; meta: Origin; origin: string; events: readonly DraftEvent[] }>;

/** A group as it will be stored: ids given, times in one form, data as JSON text. */
export type Draft = Readonly<{ stream: string; expectedVersion: number; commands: readonly DraftCommand[] }>;

/** How far a lane has come: its newest position, the hash of that event, and when it was stored. */
export type Head = Readonly<{ position: number; hash: string; recordedAt: string }>;

/** @throws when a name is no line, a command id is no UUID or is there twice, a time is no time, an event is unknown, or data is no JSON */
export const draftOf = ({ stream, expectedVersion, commands }: AppendGroup, versions: Versions): Draft => {
  const ids = new Set(commands.map(({ meta }) => meta.commandId));
  if (ids.size < commands.length) throw new Error(`a command is there twice in one append to ${stream}`);
  if (stream.includes('\n')) throw new Error(`a stream's name is one line: ${JSON.stringify(stream)}`);
  return {
    stream,
    expectedVersion,
    commands: commands.map(({ events, meta: { at, ...given } }) => {
      const { tenantId, actor, correlationId, causationId, commandId } = given;
      if (!validate(commandId)) throw new Error(`the command id "${commandId}" is no UUID`);
      const meta = { tenantId, actor, correlationId, causationId, commandId };
      return {
        id: commandId,
        at: new Date(at).toISOString(),
        meta,
        origin: JSON.stringify(meta),
        events: events.map(({ type, data, schemaVersion }) => ({
          id: v7(),
          type,
          schemaVersion: versions.written(type, schemaVersion),
          data: JSON.stringify(data),
        })),
      };
    }),
  };
};

export const eventsIn = ({ commands }: Draft): number => commands.reduce((sum, { events }) => sum + events.length, 0);

/** The hashes of a draft's events, once it is stored behind `head` at a time; the last one is the lane's new hash. */
export const hashesOf = ({ stream, expectedVersion, commands }: Draft, head: Head, recordedAt: string) => {
  const hashes: string[] = [];
  let { position, hash } = head;
  let version = expectedVersion;
  for (const { at, origin, events } of commands) {
    for (const event of events) {
      const place = { position: ++position, stream, version: ++version };
      hash = chained(hash, lineOf({ ...event, ...place, at, recordedAt, meta: origin }));
      hashes.push(hash);
    }
  }
  return hashes;
};

/**
 * The events of a draft, command by command, once it is stored behind a position. Data is parsed again from its text:
 * what is told live is then exactly what a replay tells, and later changes to the caller's object change nothing.
 */
export const recordsOf = (
  draft: Draft,
  { position: before, recordedAt }: Readonly<Pick<Head, 'position' | 'recordedAt'>>,
  versions: Versions,
): readonly (readonly Recorded[])[] => {
  let position = before;
  let version = draft.expectedVersion;
  return draft.commands.map(({ at, meta, events }) =>
    events.map(({ id, type, schemaVersion, data }) =>
      versions.read<Recorded>({
        id,
        stream: draft.stream,
        version: ++version,
        lane: LANE,
        position: ++position,
        at,
        recordedAt,
        type,
        schemaVersion,
        data: parsed<object>(data),
        meta,
      }),
    ),
  );
};

/** The time of storing never goes back, whatever the clocks of those who write do. */
export const laterOf = (a: string, b: string): string => (a > b ? a : b);
