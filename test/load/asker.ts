import { Agent, request } from 'node:http';

export type Ask = Readonly<{ method: 'GET' | 'POST' | 'PUT' | 'DELETE'; path: string; body?: object; key?: string }>;
/** An answer as it came over the wire. */
export type Answer = Readonly<{
  status: number;
  text: string;
  headers: Readonly<Record<string, string | string[] | undefined>>;
}>;

type Place = Readonly<{ apiUrl: string; bearer: string }>;

/** Asks an API over connections that are kept: as people's programs do, and with less work than `fetch` makes of it. */
export class Asker {
  readonly #agent: Agent;

  constructor(
    private readonly place: Place,
    { connections = 64, patienceMs = 30_000 }: Readonly<{ connections?: number; patienceMs?: number }> = {},
  ) {
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
    this.patienceMs = patienceMs;
  }

  private readonly patienceMs: number;

  /** @throws when there is no answer: refused, reset, or too late */
  ask({ method, path, body, key }: Ask, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const sent = request(
        `${this.place.apiUrl}${path}`,
        {
          agent: this.#agent,
          method,
          headers: {
            authorization: `Bearer ${this.place.bearer}`,
            ...(key !== undefined && { 'idempotency-key': key }),
            ...(text !== undefined && {
              'content-type': 'application/json',
              'content-length': Buffer.byteLength(text),
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
            }),
          );
        },
      );
      sent.once('error', reject);
      sent.setTimeout(this.patienceMs, () => sent.destroy(new Error(`no answer within ${this.patienceMs} ms`)));
      sent.end(text);
    });
  }

  /** The body of a success. @throws when it is none */
  async read(path: string): Promise<unknown> {
    const { status, text } = await this.ask({ method: 'GET', path });
    if (status !== 200) throw new Error(`GET ${path} answered ${status}: ${text}`);
    return JSON.parse(text);
  }

  /** Every item of a list, page by page. */
  async readAll(path: string): Promise<readonly unknown[]> {
    const items: unknown[] = [];
    for (let token: string | undefined; ;) {
      const more = token === undefined ? '' : `&pageToken=${encodeURIComponent(token)}`;
      // A list answers a page, by contract.
      const page = (await this.read(`${path}?pageSize=200${more}`)) as {
        items: unknown[];
        nextPageToken: string | null;
      };
      items.push(...page.items);
      if (page.nextPageToken === null) return items;
      token = page.nextPageToken;
    }
  }

  close(): void {
    this.#agent.destroy();
  }
}
