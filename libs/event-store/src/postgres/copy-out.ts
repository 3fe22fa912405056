import type { Connection, Submittable } from 'pg';

/** Rows gathered before they are handed on, and how many such pages may wait before the server is asked to wait. */
const PAGE = 2_000;
const WAITING = 3;

/** How long the server may say nothing while we wait for it, in milliseconds. */
const SILENCE = 10_000;

/** Before the first row: a signature, flags, and the length of an extension that nobody uses. */
const HEADER = 19;
/** What takes the place of a row's number of columns behind the last row. */
const NO_MORE = -1;

/**
 * Reads rows by COPY in its binary format, which costs both sides far less than rows of a query do: nothing is written as
 * text, escaped, split and read again. Give it to `client.query`, then iterate over pages of rows.
 */
export class CopyOut<Row> implements Submittable, AsyncIterable<readonly Row[]> {
  /** A long read is no late one: here it is silence that is late. pg puts its own end of the wait into `callback`. */
  readonly query_timeout = 2 ** 31 - 1;
  callback: (() => void) | undefined;
  #connection: Connection | undefined;
  readonly #pages: Row[][] = [];
  #page: Row[] = [];
  #failure: Error | undefined;
  #hasBegun = false;
  #isDone = false;
  #wake: (() => void) | undefined;

  /**
   * @param read makes a row of the bytes from a place on, which is that of its first column's length
   * @param together how many rows make a page
   */
  constructor(
    private readonly select: string,
    private readonly read: (bytes: Buffer, at: number) => Row,
    private readonly together = PAGE,
  ) {}

  /** Whether everything has been read, and nothing is left half done, so that the connection can serve others. */
  get isDone() {
    return this.#isDone && this.#failure === undefined;
  }

  /** Ends the connection of a read that was left early: the server may still be waiting for us to read on. */
  drop(): void {
    if (this.#isDone) return;
    this.callback?.();
    this.#connection?.stream.destroy();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly Row[]> {
    for (;;) {
      const page = this.#pages.shift();
      if (page) {
        // Asked for before the page is worked on: the server makes the next one meanwhile.
        if (this.#pages.length < WAITING) this.#connection?.stream.resume();
        yield page;
      } else if (this.#failure) throw this.#failure;
      else if (this.#isDone) return;
      else await this.#news();
    }
  }

  async #news(): Promise<void> {
    let late: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      late = setTimeout(() => {
        this.#connection?.stream.destroy();
        this.handleError(new Error(`Query read timeout: nothing came for ${SILENCE / 1000} s`));
      }, SILENCE);
    });
    clearTimeout(late);
  }

  submit(connection: Connection): void {
    this.#connection = connection;
    connection.query(`COPY (${this.select}) TO STDOUT (FORMAT binary)`);
  }

  /** The buffer is pg's own and used again: the row must be read now. */
  handleCopyData({ chunk }: Readonly<{ chunk: Buffer }>): void {
    const at = this.#hasBegun ? 0 : HEADER;
    this.#hasBegun = true;
    if (chunk.length <= at || chunk.readInt16BE(at) === NO_MORE || this.#failure) return;
    try {
      this.#page.push(this.read(chunk, at + 2));
    } catch (error) {
      // Nothing is thrown into the midst of pg's reading: it is told to the one who iterates.
      this.#failure = error instanceof Error ? error : new Error(String(error));
      this.#wake?.();
    }
    if (this.#page.length < this.together) return;
    this.#hand();
    if (this.#pages.length >= WAITING) this.#connection?.stream.pause();
  }

  handleCommandComplete(): void {
    this.#hand();
  }

  handleReadyForQuery(): void {
    this.#isDone = true;
    this.callback?.();
    this.#wake?.();
  }

  handleError(error: Error): void {
    this.#failure ??= error;
    this.callback?.();
    this.#wake?.();
  }

  #hand() {
    if (this.#page.length === 0) return;
    this.#pages.push(this.#page);
    this.#page = [];
    this.#wake?.();
  }
}
