import type { Readable } from 'node:stream';

/** An answer that goes on. */
export abstract class StreamedAnswer {
  abstract readonly contentType: string;

  /** The signal ends when the asker has gone or the server stops. */
  abstract toReadable(signal: AbortSignal): Readable;
}
