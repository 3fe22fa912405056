import { setTimeout as pause } from 'node:timers/promises';
import { Client, DatabaseError } from 'pg';
import type { ClientConfig } from 'pg';
import type { Clock } from '../clock.js';
import { eventsIn, laterOf } from '../draft.js';
import type { Draft, Head } from '../draft.js';
import { outageIn } from '../outage.js';
import { ask, batchOf } from './append.js';
import type { Answer, Batch } from './append.js';
import { RAW, rfc3339 } from './rows.js';

/** What became of a group: stored behind a position, or refused because its stream or its commands are not as thought. */
export type Verdict = Readonly<Pick<Head, 'position' | 'recordedAt'>> | 'refused';

type Waiting = Readonly<{
  draft: Draft;
  bytes: number;
  resolve: (verdict: Verdict) => void;
  reject: (error: unknown) => void;
}>;

const MOST_GROUPS = 512;
const MOST_BYTES = 1 << 20;
/** How many batches are under way at a time: while the database stores one, the next is made. */
const AHEAD = 2;
/** From so many waiting groups on, they are halved, so that both sides are at work. */
const WORTH_HALVING = 8;
/** How long appends wait for a database that does not answer before they fail. */
const PATIENCE = 10_000;

/**
 * The one writer of this process. What queued up while the last commit ran goes out together, as one statement that is
 * its own transaction: one round trip, however many callers. Nothing waits for a timer.
 *
 * A batch is made for the head that the one before it will leave behind, and sent without waiting for that one's answer.
 * Should it not be stored after all, those sent behind it find the head moved, and all of them are sent again, in order
 * and one by one.
 */
export class Lane {
  #queue: Waiting[] = [];
  #client: Promise<Client> | undefined;
  /** Where the lane will be once all that is under way is stored; unknown at first, and after anything went wrong. */
  #head: Head | undefined;
  #underWay = 0;
  /** Sent, and not stored: to be sent again, before anything else. */
  #left: (readonly Waiting[])[] = [];
  #isRousing = false;
  #isClosing = false;
  #idle: (() => void)[] = [];

  readonly #config: ClientConfig;

  constructor(
    config: ClientConfig,
    private readonly clock: Clock,
  ) {
    // As by index, so row by row: a batch is small, however large the tables are.
    const byIndex = '-c enable_hashjoin=off -c enable_mergejoin=off';
    this.#config = { ...config, options: `${config.options ?? ''} ${byIndex}`, pipeline: true };
  }

  append(draft: Draft): Promise<Verdict> {
    const bytes = draft.commands.reduce(
      (sum, { events }) => events.reduce((all, { data }) => all + data.length, sum),
      0,
    );
    return new Promise((resolve, reject) => {
      if (this.#isClosing) return reject(new Error('the log is closed'));
      this.#queue.push({ draft, bytes, resolve, reject });
      this.#rouse();
    });
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    if (!this.#isIdle) await new Promise<void>((resolve) => this.#idle.push(resolve));
    const client = await this.#client?.catch(() => undefined);
    await client?.end();
  }

  get #isIdle() {
    return this.#queue.length === 0 && this.#underWay === 0 && this.#left.length === 0;
  }

  /** A breath later: callers that were just answered append again before the next batch is closed. */
  #rouse(): void {
    if (this.#isRousing) return;
    this.#isRousing = true;
    setImmediate(() => {
      this.#isRousing = false;
      while (this.#left.length === 0 && this.#underWay < AHEAD && this.#queue.length > 0) void this.#send();
    });
  }

  /** Sends the next batch behind those under way; whatever is not stored is put aside. */
  async #send(): Promise<void> {
    const isShared = this.#underWay === 0 && this.#queue.length >= WORTH_HALVING;
    const waiting = this.#take(isShared ? Math.ceil(this.#queue.length / AHEAD) : MOST_GROUPS);
    const client = this.#client;
    this.#underWay++;
    let answer: Answer | undefined;
    const batch = this.#head && this.#batchFor(waiting, this.#head);
    if (batch && client) {
      this.#head = batch.next;
      // What went wrong is found out when it is sent again.
      answer = await client.then((it) => ask(it, batch)).catch(() => undefined);
    }
    if (batch && answer === 'stored' && this.#left.length === 0) settle(waiting, batch);
    else this.#left.push(waiting);
    this.#underWay--;
    if (this.#underWay === 0 && this.#left.length > 0) await this.#sendAgain();
    this.#rouse();
    if (this.#isIdle) for (const told of this.#idle.splice(0)) told();
  }

  async #sendAgain(): Promise<void> {
    for (const waiting of this.#left) await this.#store(waiting);
    this.#left = [];
  }

  /** At most one group per stream: a second one expects what the first one leaves behind. */
  #take(most: number): readonly Waiting[] {
    const streams = new Set<string>();
    const batch: Waiting[] = [];
    const left: Waiting[] = [];
    let bytes = 0;
    for (const waiting of this.#queue) {
      const { stream } = waiting.draft;
      const isFull =
        batch.length >= Math.min(most, MOST_GROUPS) || (batch.length > 0 && bytes + waiting.bytes > MOST_BYTES);
      if (isFull || streams.has(stream)) left.push(waiting);
      else {
        batch.push(waiting);
        streams.add(stream);
        bytes += waiting.bytes;
      }
    }
    this.#queue = left;
    return batch;
  }

  /**
   * A batch that fails as a whole is split in two and tried again, until the one at fault stands alone: it cannot hurt
   * its neighbours. Halves are stored in order, each in a transaction of its own.
   */
  async #store(waiting: readonly Waiting[]): Promise<void> {
    if (waiting.length === 0) return;
    try {
      const answer = await this.#insist(waiting);
      if ('head' in answer) return settle(waiting, answer);
      const refused = new Set(answer.refused);
      for (const { draft, resolve } of waiting) if (refused.has(draft.stream)) resolve('refused');
      await this.#store(waiting.filter(({ draft }) => !refused.has(draft.stream)));
    } catch (error) {
      if (waiting.length === 1 || outageIn(error) || !(error instanceof DatabaseError)) {
        for (const { reject } of waiting) reject(error);
        return;
      }
      const middle = waiting.length >> 1;
      await this.#store(waiting.slice(0, middle));
      await this.#store(waiting.slice(middle));
    }
  }

  /**
   * Sends until there is an answer. A connection that dies may have taken a commit with it that happened all the same;
   * sending again is safe, because commands that are stored are refused.
   */
  async #insist(waiting: readonly Waiting[]): Promise<Batch | Readonly<{ refused: readonly string[] }>> {
    for (const began = Date.now(); ;) {
      try {
        const client = await this.#connection();
        const batch = this.#batchFor(waiting, (this.#head ??= await headOf(client)));
        this.#head = undefined;
        const answer = await ask(client, batch);
        if (answer === 'stored') {
          this.#head = batch.next;
          return batch;
        }
        if (answer !== 'moved') return answer;
      } catch (error) {
        this.#head = undefined;
        if (outageIn(error) !== 'unreachable' || Date.now() - began > PATIENCE) throw error;
        await pause(50);
      }
    }
  }

  #batchFor(waiting: readonly Waiting[], head: Head): Batch {
    const drafts = waiting.map(({ draft }) => draft);
    return batchOf(drafts, head, laterOf(head.recordedAt, this.clock.now()));
  }

  /** Connects if there is no connection; one that breaks is forgotten. */
  #connection(): Promise<Client> {
    if (this.#client) return this.#client;
    const client = new Client(this.#config);
    const connected = client.connect().then(() => client);
    this.#client = connected;
    // An old connection may break twice, with an error and with its end, and must not take the new one with it.
    const forget = () => {
      if (this.#client === connected) this.#client = undefined;
    };
    client.on('error', forget).on('end', forget);
    connected.catch(forget);
    return connected;
  }
}

const headOf = async (client: Client): Promise<Head> => {
  const text = `SELECT head, encode(hash, 'hex'), recorded_at FROM es_lane WHERE lane = 0`;
  const { rows } = await client.query<[string, string, string]>({ text, rowMode: 'array', types: RAW });
  const [row] = rows;
  if (row === undefined) throw new Error('the log has lost its lane');
  return { position: Number(row[0]), hash: row[1], recordedAt: rfc3339(row[2]) };
};

const settle = (waiting: readonly Waiting[], { head, next }: Batch) => {
  let { position } = head;
  for (const { draft, resolve } of waiting) {
    resolve({ position, recordedAt: next.recordedAt });
    position += eventsIn(draft);
  }
};
