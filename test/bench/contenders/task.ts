/** What the process of a contender is told at its start, as its only argument in JSON. */
export type Assignment = Readonly<{
  contender: string;
  url: string;
  /** The server's process: what it uses is part of an event's price. */
  serverPid: number;
  folder: string;
  peersFolder: string;
}>;

/** What it is asked, one after the other. */
export type Task =
  /** Single events, by so many callers at a time, each one after the other, to streams of its own. */
  | Readonly<{ task: 'append'; callers: number; ms: number }>
  /** Batches in one of its ways, likewise. */
  | Readonly<{ task: 'batches'; way: string; callers: number; ms: number }>
  /** So many events into the log, for a replay. */
  | Readonly<{ task: 'fill'; events: number }>
  /** Everything read and folded, in one of its ways. */
  | Readonly<{ task: 'replay'; way: string }>;

export type Ways = Readonly<{ batches: readonly string[]; replays: readonly string[] }>;

/** What a task came to. */
export type Sample = Readonly<{
  events: number;
  seconds: number;
  /** Processor seconds that the client's process and the server's processes used. */
  client: number;
  server: number;
}>;

export type Reply = Readonly<{ sample: Sample }> | Readonly<{ ways: Ways }> | Readonly<{ error: string }>;
