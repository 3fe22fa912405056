import type { Append, AppendGroup, Appended, EventFilter, Recorded, Stored } from './event.js';

/** The truth of one service: every event in one order. An abstract class, so that it is port and Nest token in one. */
export abstract class EventLog {
  /**
   * Stores all events of the group, or none of them. If a command of the group was stored before, it answers
   * `repeated` and the others `conflict`, because they were decided as if it had not been.
   * @throws when the group is malformed (a command id that is no UUID, data that is no JSON) or the store is out of reach
   */
  abstract appendAll(group: AppendGroup): Promise<readonly Appended[]>;

  /** The events of one stream whose version is greater than `after`, oldest first: all of them, or the first so many. */
  abstract readStream(stream: string, after?: number, limit?: number): Promise<readonly Recorded[]>;

  /** At most `limit` events whose position is greater than `after`, in order of position. */
  abstract read(after: number, limit: number, filter?: EventFilter): Promise<readonly Recorded[]>;

  /** Everything after a position up to the head it finds when it begins, or another position, in bounded memory. */
  abstract readAll(after: number, upTo?: number): AsyncIterable<readonly Recorded[]>;

  /** What lies behind `after`, up to `until`, and is let through by the filter: in order, in bounded memory. */
  abstract scan(after: number, until: number, filter?: EventFilter): AsyncIterable<readonly Recorded[]>;

  /** The events at these positions, in order; with a tenant, only what happened on its behalf. */
  abstract readAt(positions: readonly number[], tenantId?: string): Promise<readonly Recorded[]>;

  /** Where a stream stands, and which of these commands it has stored already. */
  abstract recall(
    stream: string,
    commandIds: readonly string[],
  ): Promise<Readonly<{ version: number; commands: ReadonlyMap<string, Stored> }>>;

  /** The position of the newest event; 0 while the log is empty. */
  abstract head(): Promise<number>;

  /** The newest position that this process knows of, without asking: behind the head when another process appends. */
  abstract get known(): number;

  /** The position of the newest event that was stored at or before a time (RFC 3339); 0 when there is none. */
  abstract positionAt(time: string): Promise<number>;

  /** A doorbell after each commit, by this process or another. It carries no data: read. Returns how to stop it. */
  abstract onAppend(listener: () => void): () => void;

  abstract close(): Promise<void>;

  async append({ stream, expectedVersion, events, meta }: Append): Promise<Appended> {
    const [appended] = await this.appendAll({ stream, expectedVersion, commands: [{ events, meta }] });
    if (appended === undefined) throw new Error(`the log gave no answer for ${stream}`);
    return appended;
  }
}
