import type { Append, AppendGroup, Appended, EventFilter, Recorded, Stored } from './event.js';

/** The truth of one service: every event in one order. An abstract class, so that it is port and Nest token in one. */
export abstract class EventLog {
  /**
   * Stores all events of the group, or none of them. If a command of the group was stored before, it answers
   * `repeated` and the others `conflict`, because they were decided as if it had not been.
   * @throws when the group is malformed (a command id that is no UUID, data that is no JSON) or the store is out of reach
   */
  abstract appendAll(group: AppendGroup): Promise<readonly Appended[]>;

  /** The events of one stream whose version is greater than `after`, oldest first. */
  abstract readStream(stream: string, after?: number): Promise<readonly Recorded[]>;

  /** At most `limit` events whose position is greater than `after`, in order of position. */
  abstract read(after: number, limit: number, filter?: EventFilter): Promise<readonly Recorded[]>;

  /** Everything after a position up to the head it finds when it begins, or another position, in bounded memory. */
  abstract readAll(after: number, upTo?: number): AsyncIterable<readonly Recorded[]>;

  /** Where a stream stands, and which of these commands it has stored already. */
  abstract recall(
    stream: string,
    commandIds: readonly string[],
  ): Promise<Readonly<{ version: number; commands: ReadonlyMap<string, Stored> }>>;

  /** The position of the newest event; 0 while the log is empty. */
  abstract head(): Promise<number>;

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
