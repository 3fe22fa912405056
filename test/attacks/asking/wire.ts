import { Agent, request } from 'node:http';
import type { Recorder } from '../watching/recorder.js';

export type Sent = Readonly<{
  method: string;
  /** With the query, as it goes over the wire. */
  path: string;
  headers?: Readonly<Record<string, string | string[]>>;
  /** An object is sent as JSON, text as it is. */
  body?: object | string | undefined;
}>;

export type Answer = Readonly<{
  status: number;
  text: string;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  ms: number;
}>;

/** A problem's code, or nothing where the answer is no problem. */
export const codeOf = ({ text, headers }: Answer): string | undefined => {
  // What is asked with HEAD is answered without a word.
  if (text === '' || !String(headers['content-type']).startsWith('application/problem+json')) return undefined;
  const problem: unknown = JSON.parse(text);
  return typeof problem === 'object' && problem !== null && 'code' in problem ? String(problem.code) : undefined;
};

/** Asks over a real connection, whatever it is told to ask; every answer is kept for whoever searches them. */
export class Wire {
  readonly #agent: Agent;

  constructor(
    private readonly apiUrl: string,
    private readonly recorder?: Recorder,
    connections = 32,
  ) {
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  /** @throws when there is no answer */
  async send({ method, path, headers = {}, body }: Sent): Promise<Answer> {
    const text = typeof body === 'object' ? JSON.stringify(body) : body;
    const began = performance.now();
    const answer = await new Promise<Answer>((resolve, reject) => {
      const url = new URL(this.apiUrl);
      const sent = request(
        {
          agent: this.#agent,
          host: url.hostname,
          port: url.port,
          method,
          // As it is: an address that is no address is for the server to refuse.
          path,
          headers: {
            ...(text !== undefined && {
              'content-type': 'application/json',
              'content-length': String(Buffer.byteLength(text)),
            }),
            ...headers,
          },
        },
        (response) => {
          const parts: Buffer[] = [];
          response.on('data', (part: Buffer) => parts.push(part));
          response.once('error', reject);
          response.once('aborted', () => reject(new Error('the answer broke off')));
          response.once('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              text: Buffer.concat(parts).toString(),
              headers: response.headers,
              ms: performance.now() - began,
            }),
          );
        },
      );
      sent.once('error', reject);
      sent.setTimeout(30_000, () => sent.destroy(new Error(`${method} ${path}: no answer within 30 s`)));
      sent.end(text);
    });
    this.recorder?.keep(`${method} ${path}`, `${JSON.stringify(answer.headers)}\n${answer.text}`);
    return answer;
  }

  close(): void {
    this.#agent.destroy();
  }
}
