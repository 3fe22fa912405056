import type { Connection, Submittable } from 'pg';

/** Lines gathered before they are handed on, and how many such pages may wait before the server is asked to wait. */
const PAGE = 2_000;
const WAITING = 2;

type Page = (readonly string[])[];

/**
 * Reads rows by COPY, which costs both sides far less than rows of a query do. Give it to `client.query`, then iterate:
 * each page is a list of rows, each row the texts of its columns. Columns must not be null.
 */
export class CopyOut implements Submittable, AsyncIterable<Page> {
  #connection: Connection | undefined;
  readonly #pages: Page[] = [];
  #page: Page = [];
  #failure: Error | undefined;
  #isDone = false;
  #wake: (() => void) | undefined;

  constructor(private readonly select: string) {}

  /** Whether everything has been read, so that the connection can serve others. */
  get isDone() {
    return this.#isDone;
  }

  /** Ends the connection of a read that was left early: the server may still be waiting for us to read on. */
  drop(): void {
    if (!this.#isDone) this.#connection?.stream.destroy();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Page> {
    for (;;) {
      const page = this.#pages.shift();
      if (page) {
        yield page;
        if (this.#pages.length < WAITING) this.#connection?.stream.resume();
      } else if (this.#failure) throw this.#failure;
      else if (this.#isDone) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  submit(connection: Connection): void {
    this.#connection = connection;
    connection.query(`COPY (${this.select}) TO STDOUT`);
  }

  handleCopyData({ chunk }: Readonly<{ chunk: Buffer }>): void {
    // The buffer is pg's own and used again: the text must be taken now. The last byte is the line's end.
    this.#page.push(columnsOf(chunk.toString('utf8', 0, chunk.length - 1)));
    if (this.#page.length < PAGE) return;
    this.#hand();
    if (this.#pages.length >= WAITING) this.#connection?.stream.pause();
  }

  handleCommandComplete(): void {
    this.#hand();
  }

  handleReadyForQuery(): void {
    this.#isDone = true;
    this.#wake?.();
  }

  handleError(error: Error): void {
    this.#failure = error;
    this.#wake?.();
  }

  #hand() {
    if (this.#page.length === 0) return;
    this.#pages.push(this.#page);
    this.#page = [];
    this.#wake?.();
  }
}

const columnsOf = (line: string): readonly string[] => {
  const columns = line.split('\t');
  return line.includes('\\') ? columns.map(unescape) : columns;
};

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

const unescape = (text: string) => text.replace(/\\(.)/g, (_, sign: string) => ESCAPES[sign] ?? sign);
