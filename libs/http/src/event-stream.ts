import { Readable } from 'node:stream';
import { StreamedAnswer } from './streamed-answer.js';

/** One server-sent event. */
export type ServerSentEvent = Readonly<{ id: string; event?: string; data: unknown }>;

const HEARTBEAT_MS = 15_000;

/**
 * An answer that goes on. `open` begins it; its signal ends when the asker has gone or the server stops, and the source
 * must then end too. A slow asker is waited for: the next event is taken from the source only when there is room.
 */
export class EventStream extends StreamedAnswer {
  readonly contentType = 'text/event-stream; charset=utf-8';

  constructor(
    private readonly open: (signal: AbortSignal) => AsyncIterable<ServerSentEvent>,
    private readonly heartbeatMs = HEARTBEAT_MS,
  ) {
    super();
  }

  /** The stream as text. A comment now and then shows both ends that the connection lives. */
  override toReadable(signal: AbortSignal): Readable {
    return Readable.from(this.#frames(signal), { objectMode: false, highWaterMark: 64 * 1024 });
  }

  async *#frames(signal: AbortSignal): AsyncGenerator<string> {
    const source = this.open(signal)[Symbol.asyncIterator]();
    try {
      yield ': connected\n\n';
      let next = heard(source.next());
      while (!signal.aborted) {
        const result = await orSilence(next, this.heartbeatMs);
        if (result === 'silence') yield ': still here\n\n';
        else if (result.done) return;
        else {
          yield frameOf(result.value);
          next = heard(source.next());
        }
      }
    } finally {
      await source.return?.();
    }
  }
}

const frameOf = ({ id, event, data }: ServerSentEvent) =>
  `id: ${id}\n${event === undefined ? '' : `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`;

/** A failure may come while a slow asker is waited for: it is told when we listen again, and ends no process till then. */
const heard = <T>(next: Promise<T>): Promise<T> => {
  next.catch(() => undefined);
  return next;
};

const orSilence = async <T>(next: Promise<T>, milliseconds: number): Promise<T | 'silence'> => {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<'silence'>((resolve) => (timer = setTimeout(resolve, milliseconds, 'silence')));
  try {
    return await Promise.race([next, silence]);
  } finally {
    clearTimeout(timer);
  }
};
