import { Readable } from 'node:stream';
import { StreamedAnswer } from './streamed-answer.js';

/** A document in each line. A slow asker is waited for. Where the source fails, the connection breaks: half is not all. */
export class LineStream extends StreamedAnswer {
  readonly contentType = 'application/x-ndjson';

  constructor(private readonly open: (signal: AbortSignal) => AsyncIterable<readonly string[]>) {
    super();
  }

  override toReadable(signal: AbortSignal): Readable {
    return Readable.from(this.#texts(signal), { objectMode: false, highWaterMark: 256 * 1024 });
  }

  async *#texts(signal: AbortSignal): AsyncGenerator<string> {
    for await (const lines of this.open(signal)) {
      signal.throwIfAborted();
      if (lines.length > 0) yield `${lines.join('\n')}\n`;
    }
  }
}
