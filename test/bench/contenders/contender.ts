import type { Peers } from '../peers/peers.js';

/** One event on its way in. Every contender is given the same. */
export type LoadEvent = Readonly<{ type: string; data: object; meta: object }>;

/** What a replay does with each event: it was read and parsed for this. */
export type Fold = (stream: string, type: string, data: object) => void;

export type Place = Readonly<{
  /** A database that nobody else uses. */
  url: string;
  /** How many connections it may have: as many as there are callers, within reason. */
  connections: number;
  /** For files, on the medium of the database. */
  folder: string;
  peers: Peers;
}>;

/** A store of events, as those who wrote it would use it. */
export type Store = Readonly<{
  /** Stores one event as the given version (1, 2, 3 …) of its stream. @throws when the stream is elsewhere */
  append(stream: string, version: number, event: LoadEvent): Promise<void>;
  /** Ways to store the first events of a new stream, all or not at all. */
  batches: Readonly<Record<string, (stream: string, events: readonly LoadEvent[]) => Promise<void>>>;
  /** The way in which a log is filled that is to be read: with commands as small as they are in life. Left out: the first. */
  fill?: string;
  /** Ways to read everything there is. Who has no order over all streams reads stream by stream. */
  replays: Readonly<Record<string, (fold: Fold, streams: readonly string[]) => Promise<void>>>;
  close(): Promise<void>;
}>;

/** Each runs in a process of its own: some of them change `pg` for everybody in theirs. */
export type Contender = Readonly<{
  /** As npm calls it. Left out: no package. */
  package?: string;
  /** Makes the tables. */
  prepare?(place: Place): Promise<void>;
  open(place: Place): Promise<Store>;
}>;
