import { request } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';

type Place = Readonly<{ apiUrl: string; key: string; path: string; headers?: Readonly<Record<string, string>> }>;

/** Follows a stream of server-sent events, or pretends to and never reads. */
export class Listener {
  text = '';
  isOver = false;

  /** Resolves once there is an answer, whatever it says. */
  static open({ apiUrl, key, path, headers = {} }: Place, { reads = true } = {}): Promise<Listener> {
    return new Promise((resolve, reject) => {
      const sent = request(`${apiUrl}${path}`, {
        agent: false,
        headers: { accept: 'text/event-stream', authorization: `Bearer ${key}`, ...headers },
      });
      sent.once('response', (answer) => resolve(new Listener(sent, answer, reads)));
      sent.once('error', reject);
      sent.end();
    });
  }

  private constructor(
    private readonly sent: ClientRequest,
    private readonly answer: IncomingMessage,
    reads: boolean,
  ) {
    const end = () => (this.isOver = true);
    answer.once('end', end).once('close', end).once('error', end);
    sent.on('error', end);
    if (reads) answer.setEncoding('utf8').on('data', (part: string) => (this.text += part));
  }

  get status(): number {
    return this.answer.statusCode ?? 0;
  }

  /** Its end of the connection. */
  get port(): number | undefined {
    return this.answer.socket.localPort;
  }

  /** Reads what there is to read and throws it away: so an end is seen that came while nobody read. */
  resume(): void {
    this.answer.resume();
  }

  close(): void {
    this.sent.destroy();
  }
}
