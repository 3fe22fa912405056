import { v7, validate } from 'uuid';
import type { AppendGroup, Origin, Recorded } from './event.js';
import { parsed } from './json.js';

/** The one lane of a log. The column stays, so that a log can be given more lanes without changing its rows. */
export const LANE = 0;

type DraftEvent = Readonly<{ id: string; type: string; schemaVersion: number; data: string }>;
type DraftCommand = Readonly<{ id: string; at: string; meta: Origin; events: readonly DraftEvent[] }>;

/** A group as it will be stored: ids given, times in one form, data as JSON text. */
export type Draft = Readonly<{ stream: string; expectedVersion: number; commands: readonly DraftCommand[] }>;

/** @throws when a command id is no UUID or is there twice, a time is no time, or data is no JSON */
export const draftOf = ({ stream, expectedVersion, commands }: AppendGroup): Draft => {
  const ids = new Set(commands.map(({ meta }) => meta.commandId));
  if (ids.size < commands.length) throw new Error(`a command is there twice in one append to ${stream}`);
  return {
    stream,
    expectedVersion,
    commands: commands.map(({ events, meta }) => {
      const { tenantId, actor, correlationId, causationId, commandId } = meta;
      if (!validate(commandId)) throw new Error(`the command id "${commandId}" is no UUID`);
      return {
        id: commandId,
        at: new Date(meta.at).toISOString(),
        meta: { tenantId, actor, correlationId, causationId, commandId },
        events: events.map(({ type, data, schemaVersion = 1 }) => ({
          id: v7(),
          type,
          schemaVersion,
          data: JSON.stringify(data),
        })),
      };
    }),
  };
};

/**
 * The events of a draft, command by command, once it is stored behind `position`. Data is parsed again from its text:
 * what is told live is then exactly what a replay tells, and later changes to the caller's object change nothing.
 */
export const recordsOf = (draft: Draft, position: number): readonly (readonly Recorded[])[] => {
  let version = draft.expectedVersion;
  return draft.commands.map(({ at, meta, events }) =>
    events.map(({ id, type, schemaVersion, data }): Recorded => ({
      id,
      stream: draft.stream,
      version: ++version,
      lane: LANE,
      position: ++position,
      at,
      type,
      schemaVersion,
      data: parsed<object>(data),
      meta,
    })),
  );
};
