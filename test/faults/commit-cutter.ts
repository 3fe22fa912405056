import type { Link, TcpProxy } from './tcp-proxy.js';

const COMMAND_COMPLETE = 'C'.charCodeAt(0);

/**
 * Cuts a connection to PostgreSQL in the moment that is hardest to get right: the server has carried out a statement and
 * committed it, and its answer is lost. Armed with words, it waits for a client to send them and cuts before the next
 * CommandComplete passes; ReadyForQuery, which says that the commit is through, never does.
 */
export class CommitCutter {
  cuts = 0;
  #words: string | undefined;
  /** Bytes of a frame that are still to come on a connection, or the beginning of one that is not whole. */
  readonly #frames = new WeakMap<Link, { skip: number; head: Buffer }>();

  constructor(proxy: TcpProxy) {
    proxy.watch = (from, chunk, link) => {
      if (from === 'client') this.#hear(chunk, link);
      else if (this.#completes(chunk, link) && this.#words !== undefined && link.notes.has(this.#words)) {
        this.#words = undefined;
        this.cuts += 1;
        return 'cut';
      }
      return 'pass';
    };
  }

  get isArmed(): boolean {
    return this.#words !== undefined;
  }

  arm(words: string): void {
    this.#words = words;
  }

  disarm(): void {
    this.#words = undefined;
  }

  #hear(chunk: Buffer, link: Link): void {
    link.notes.clear();
    if (this.#words !== undefined && chunk.includes(this.#words)) link.notes.add(this.#words);
  }

  /** Whether a frame of the server is a CommandComplete: each is a type, four bytes of length, and the rest. */
  #completes(chunk: Buffer, link: Link): boolean {
    const frame = this.#frames.get(link) ?? { skip: 0, head: Buffer.alloc(0) };
    this.#frames.set(link, frame);
    let found = false;
    let at = Math.min(frame.skip, chunk.length);
    frame.skip -= at;
    let rest = Buffer.concat([frame.head, chunk.subarray(at)]);
    for (at = 0; rest.length - at >= 5;) {
      const length = 1 + rest.readInt32BE(at + 1);
      if (rest[at] === COMMAND_COMPLETE) found = true;
      if (at + length > rest.length) {
        frame.skip = at + length - rest.length;
        at = rest.length;
      } else at += length;
    }
    rest = rest.subarray(at);
    frame.head = Buffer.from(rest);
    return found;
  }
}
