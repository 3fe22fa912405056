import type { Event, Meta } from '@strata/event-sourcing';

/** An event on its way into the log. Whoever brings one of another time says its `schemaVersion`; others write today's. */
export type NewEvent = Event & Readonly<{ schemaVersion?: number }>;

/** What every stored event says about where it came from. */
export type Origin = Readonly<Pick<Meta, 'tenantId' | 'actor' | 'correlationId' | 'causationId' | 'commandId'>>;

/** An event as the log tells it: the same for ever, live and replayed. */
export type Recorded<E extends Event = Event> = E &
  Readonly<{
    /** UUID, version 7. */
    id: string;
    stream: string;
    /** 1, 2, 3 … within the stream. */
    version: number;
    lane: number;
    /** 1, 2, 3 … within the log, without gaps, in the order of commits. */
    position: number;
    /** RFC 3339, UTC, milliseconds: the time its command carried. */
    at: string;
    /** When it was stored: never before the event of the position before. */
    recordedAt: string;
    /** That of `data`: the newest one that this release knows, whatever was stored. */
    schemaVersion: number;
    meta: Origin;
  }>;

/** What one command adds to one stream. `meta.commandId` makes it idempotent: sent twice, it is stored once. */
export type Append = Readonly<{ stream: string; expectedVersion: number; events: readonly NewEvent[]; meta: Meta }>;

/** Several commands' events for one stream, stored all or not at all; each command keeps an id of its own. */
export type AppendGroup = Readonly<{
  stream: string;
  /** The version before the first command; the others follow on. */
  expectedVersion: number;
  commands: readonly Readonly<Pick<Append, 'events' | 'meta'>>[];
}>;

export type Appended =
  /** `repeated`: this command was stored before; `events` and `version` are those of then. */
  | Readonly<{ outcome: 'appended' | 'repeated'; version: number; events: readonly Recorded[] }>
  /** Nothing was stored, because the stream stands at `version`: read what is new and decide again. */
  | Readonly<{ outcome: 'conflict'; version: number }>;

/** What a command once added to its stream. */
export type Stored = Readonly<{ version: number; events: readonly Recorded[] }>;

/** Narrows a read. Each condition left out is no condition. */
export type EventFilter = Readonly<{
  stream?: string;
  types?: readonly string[];
  /** What happened on behalf of this tenant. */
  tenantId?: string;
  /** What happened to the things of this tenant, on whosever behalf. */
  owner?: string;
  /** Kinds of things: `instance`, `quota`. */
  nouns?: readonly string[];
  /** Nothing beyond this position. */
  until?: number;
}>;
