import { setTimeout as pause } from 'node:timers/promises';
import { Client, DatabaseError } from 'pg';
import type { ClientConfig } from 'pg';
import type { Draft } from '../draft.js';
import { ask, isPassing } from './append.js';
import type { Answer } from './append.js';

/** What became of a group: stored behind a position, or refused because its stream or its commands are not as thought. */
export type Verdict = Readonly<{ position: number }> | 'refused';

type Waiting = Readonly<{
  draft: Draft;
  bytes: number;
  resolve: (verdict: Verdict) => void;
  reject: (error: unknown) => void;
}>;

const MOST_GROUPS = 512;
const MOST_BYTES = 1 << 20;
/** How long appends wait for a database that does not answer before they fail. */
const PATIENCE = 15_000;

/**
 * The one writer of this process. What queued up while the last commit ran goes out together, as one statement that is
 * its own transaction: one round trip, however many callers. Nothing waits for a timer.
 */
export class Lane {
  #queue: Waiting[] = [];
  #client: Promise<Client> | undefined;
  #flushing: Promise<void> | undefined;

  readonly #config: ClientConfig;

  constructor(config: ClientConfig) {
    // Plans are made once, while the tables may be empty still: they must not rest on how small the tables then were.
    const byIndex = '-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off';
    this.#config = { ...config, options: `${config.options ?? ''} ${byIndex}` };
  }

  append(draft: Draft): Promise<Verdict> {
    const bytes = draft.commands.reduce(
      (sum, { events }) => events.reduce((all, { data }) => all + data.length, sum),
      0,
    );
    return new Promise((resolve, reject) => {
      this.#queue.push({ draft, bytes, resolve, reject });
      this.#flushing ??= this.#flush();
    });
  }

  async close(): Promise<void> {
    await this.#flushing;
    const client = await this.#client;
    await client?.end();
  }

  async #flush(): Promise<void> {
    while (this.#queue.length > 0) {
      // Callers that were just answered append again before the next batch is closed, and not into one of their own.
      await new Promise(setImmediate);
      await this.#store(this.#take());
    }
    this.#flushing = undefined;
  }

  /** At most one group per stream: a second one expects what the first one leaves behind. */
  #take(): readonly Waiting[] {
    const streams = new Set<string>();
    const batch: Waiting[] = [];
    const left: Waiting[] = [];
    let bytes = 0;
    for (const waiting of this.#queue) {
      const { stream } = waiting.draft;
      const isFull = batch.length >= MOST_GROUPS || (batch.length > 0 && bytes + waiting.bytes > MOST_BYTES);
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
  async #store(batch: readonly Waiting[]): Promise<void> {
    if (batch.length === 0) return;
    try {
      const answer = await this.#send(batch.map(({ draft }) => draft));
      if ('position' in answer) return settle(batch, answer.position);
      const refused = new Set(answer.refused);
      for (const { draft, resolve } of batch) if (refused.has(draft.stream)) resolve('refused');
      await this.#store(batch.filter(({ draft }) => !refused.has(draft.stream)));
    } catch (error) {
      if (batch.length === 1 || !(error instanceof DatabaseError)) {
        for (const { reject } of batch) reject(error);
        return;
      }
      const middle = batch.length >> 1;
      await this.#store(batch.slice(0, middle));
      await this.#store(batch.slice(middle));
    }
  }

  /**
   * Sends until there is an answer. A connection that dies may have taken a commit with it that happened all the same;
   * sending again is safe, because commands that are stored are refused.
   */
  async #send(drafts: readonly Draft[]): Promise<Answer> {
    for (const began = Date.now(); ;) {
      try {
        const client = await this.#connection();
        return await ask(client, drafts);
      } catch (error) {
        if (!isPassing(error) || Date.now() - began > PATIENCE) throw error;
        await pause(50);
      }
    }
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

const settle = (batch: readonly Waiting[], base: number) => {
  let position = base;
  for (const { draft, resolve } of batch) {
    resolve({ position });
    position += draft.commands.reduce((sum, { events }) => sum + events.length, 0);
  }
};
