import type { Endpoint, ProblemCode } from '@strata/contracts';
import { api, entryOf } from '@strata/contracts';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as the contract reads it. */
export type Asked = Readonly<{
  verb: string;
  params: Readonly<Record<string, string>>;
  query: Readonly<Record<string, unknown>>;
  body: unknown;
  headers: IncomingMessage['headers'];
}>;

/** What a cloud may do other than answer. */
export class Refusal {
  constructor(
    readonly code: ProblemCode,
    readonly detail: string,
    readonly details?: Readonly<Record<string, unknown>>,
  ) {}
}
/** Bytes of a stream, after which the connection breaks or the stream ends. */
export class Stream {
  constructor(
    readonly text: string,
    readonly end: 'breaks' | 'ends',
  ) {}
}
export const hangUp = Symbol('hang up');
export const silence = Symbol('never answer');
export class Foreign {
  constructor(readonly html: string) {}
}

/** Answers by noun and verb of the contract, such as `instances.show`. */
export type Answers = Readonly<Record<string, (asked: Asked) => unknown>>;

type Route = Readonly<{ verb: string; endpoint: Endpoint; path: RegExp }>;

const routes: readonly Route[] = Object.entries(api).flatMap(([noun, verbs]) =>
  Object.entries(verbs as Readonly<Record<string, Endpoint>>).map(([name, endpoint]) => ({
    verb: `${noun}.${name}`,
    endpoint,
    path: new RegExp(`^${endpoint.path.replaceAll('.', '\\.').replace(/:(\w+)/g, '(?<$1>[^/]+)')}$`),
  })),
);

/** A cloud made of the contracts: it understands what they allow, and answers nothing that they do not. */
export class FakeCloud {
  readonly asked: Asked[] = [];
  /** Answers that broke the contract; a spec expects none. */
  readonly faults: string[] = [];
  private readonly server = createServer((request, response) => {
    this.handle(request, response).catch((error: unknown) => {
      this.faults.push(String(error));
      response.destroy();
    });
  });

  private constructor(private readonly answers: Answers) {}

  static async open(answers: Answers): Promise<FakeCloud> {
    const cloud = new FakeCloud(answers);
    cloud.server.listen(0, '127.0.0.1');
    await once(cloud.server, 'listening');
    return cloud;
  }

  get url(): string {
    // A server that listens on an address of the Internet has such an address.
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The requests of one verb, in their order. */
  of(verb: string): readonly Asked[] {
    return this.asked.filter((it) => it.verb === verb);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    const text = Buffer.concat(await request.toArray()).toString();
    const route = routes.find(
      (it) => it.endpoint.method.toUpperCase() === request.method && it.path.test(url.pathname),
    );
    if (!route) return this.refuse(response, new Refusal('route.not-found', url.pathname));
    const { endpoint, verb } = route;
    const groups = Object.entries(route.path.exec(url.pathname)?.groups ?? {});
    const params = Object.fromEntries(groups.map(([key, value]) => [key, decodeURIComponent(value)]));
    const query = endpoint.query?.safeParse(Object.fromEntries(url.searchParams));
    const body = endpoint.body?.safeParse(text === '' ? undefined : JSON.parse(text));
    if (query?.error || body?.error)
      return this.refuse(response, new Refusal('request.invalid', 'not by the contract'));
    const asked = { verb, params, query: query?.data ?? {}, body: body?.data, headers: request.headers };
    this.asked.push(asked);
    const answer = this.answers[verb];
    if (!answer) return this.refuse(response, new Refusal('service.unavailable', `${verb} has no answer here`));
    if (endpoint.query && 'at' in endpoint.query.shape) this.place(response, asked);
    this.reply(response, endpoint, await answer(asked));
  }

  /** Its log always stands at 42, and was there at one time. */
  private place(response: ServerResponse, { query }: Asked): void {
    response.setHeader('strata-position', '42');
    if (query['at'] !== undefined) response.setHeader('strata-at', '2026-11-22T09:08:07.000Z');
  }

  private reply(response: ServerResponse, endpoint: Endpoint, answer: unknown): void {
    if (answer === silence) return;
    if (answer === hangUp) return void response.destroy();
    if (answer instanceof Refusal) return this.refuse(response, answer);
    if (answer instanceof Foreign) return void response.setHeader('content-type', 'text/html').end(answer.html);
    if (answer instanceof Stream) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      return void response.write(answer.text, () => (answer.end === 'ends' ? response.end() : response.destroy()));
    }
    const checked = JSON.stringify(endpoint.answer.parse(answer));
    response.writeHead(endpoint.status, { 'content-type': 'application/json', 'x-request-id': 'req_1' }).end(checked);
  }

  private refuse(response: ServerResponse, { code, detail, details }: Refusal): void {
    const { status, title, help } = entryOf(code);
    const problem = { type: `/problems/${code}`, title, status, detail, code, requestId: 'req_1', help, details };
    response.writeHead(status, { 'content-type': 'application/problem+json', 'x-request-id': 'req_1' });
    response.end(JSON.stringify(problem));
  }
}
