import type { Endpoint } from '@strata/contracts';
import { Problem } from '@strata/contracts';
import { setTimeout as pause } from 'node:timers/promises';
import type { z } from 'zod';
import type { Globals, Io } from '../io.js';
import { Failure, exitOf, exits } from './failure.js';
import type { Request } from './request.js';
import { urlOf } from './request.js';
import type { Settings } from './settings.js';

/** What an endpoint answers, as its reader sees it. */
type Answer<E extends Endpoint> = z.output<E['answer']>;

export type Manner = Readonly<{
  /** The same for every try of one request. Every mutation has one. */
  idempotencyKey?: string;
  /** How long a server that does not answer, or is not ready, is asked again, in milliseconds. */
  patience?: number;
  /** How long one answer may take, in milliseconds. */
  limit?: number;
  headers?: Readonly<Record<string, string>>;
  /** Hears what the answer says about itself. */
  heard?: (headers: Headers) => void;
}>;

const patience = 1500;
const limit = 30_000;
/** What a timer can count, in milliseconds. */
const longest = 2 ** 31 - 1;

const causeOf = (error: unknown): string => {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error && 'code' in cause) return String(cause.code);
  return error instanceof Error ? error.message : String(error);
};

const isTimeout = (error: unknown): boolean => error instanceof Error && error.name === 'TimeoutError';

/** A client of the public API: verb and path come from the contract, refusals become failures with an exit code. */
export class Client {
  constructor(
    private readonly settings: Settings,
    private readonly io: Io,
    private readonly globals: Globals,
  ) {}

  /** Errors: `Failure`, with the exit code that the answered problem asks for. */
  async ask<E extends Endpoint>(endpoint: E, request: Request = {}, manner: Manner = {}): Promise<Answer<E>> {
    const response = await this.send(endpoint, request, manner);
    manner.heard?.(response.headers);
    const answer: unknown = await response.json().catch((error: unknown) => {
      if (!(error instanceof SyntaxError)) throw this.unreachable(error);
      throw new Failure(exits.failure, this.stranger(response), { cause: error });
    });
    // The server answers by the same contract. It is not checked again: a newer server may say more, which is kept.
    return answer as Answer<E>;
  }

  /** The answer itself, for endpoints that stream. It is asked again only until it begins. */
  async send(endpoint: Endpoint, request: Request, manner: Manner): Promise<Response> {
    const started = performance.now();
    for (let wait = 100; ; wait = Math.min(wait * 2, 2000)) {
      const tried = await this.try(endpoint, request, manner);
      const spent = performance.now() - started + wait > (manner.patience ?? patience);
      if (tried instanceof Response) {
        if (tried.ok) return tried;
        if (tried.status !== 503 || spent) throw await this.refusal(tried);
      } else if (spent) {
        throw tried;
      }
      await this.sleep(wait);
    }
  }

  /** Sleeps, but not past the deadline that the asker set. */
  async sleep(ms: number): Promise<void> {
    const left = (this.globals.deadline ?? Infinity) - Date.now();
    if (left <= 0) throw this.late();
    await pause(Math.min(ms, left), undefined, { signal: this.io.signal });
  }

  private async try(endpoint: Endpoint, request: Request, manner: Manner): Promise<Response | Failure> {
    const { fetch, signal } = this.io;
    const url = urlOf(this.settings.apiUrl, endpoint, request);
    const left = (this.globals.deadline ?? Infinity) - Date.now();
    if (left <= 0) throw this.late();
    const within = Math.min(manner.limit ?? limit, left);
    const started = performance.now();
    this.debug(
      `> ${endpoint.method.toUpperCase()} ${url}${manner.idempotencyKey ? `  key ${manner.idempotencyKey}` : ''}`,
    );
    try {
      const response = await fetch(url, {
        method: endpoint.method.toUpperCase(),
        headers: this.headers(endpoint, request, manner),
        signal:
          within === Infinity
            ? signal
            : AbortSignal.any([signal, AbortSignal.timeout(Math.min(Math.ceil(within), longest))]),
        redirect: 'error',
        ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      });
      const id = response.headers.get('x-request-id') ?? 'no request id';
      this.debug(`< ${response.status}  ${Math.round(performance.now() - started)} ms  ${id}`);
      return response;
    } catch (error) {
      signal.throwIfAborted();
      this.debug(`< ${causeOf(error)}  ${Math.round(performance.now() - started)} ms`);
      if (isTimeout(error)) throw left <= within ? this.late() : this.silent(manner, error);
      return this.unreachable(error);
    }
  }

  private headers({ access }: Endpoint, request: Request, manner: Manner): Record<string, string> {
    const { key, tenant } = this.settings;
    return {
      accept: 'application/json',
      ...(key && access !== 'anonymous' && { authorization: `Bearer ${key}` }),
      ...(tenant && access !== 'anonymous' && { 'strata-tenant': tenant }),
      ...(request.body !== undefined && { 'content-type': 'application/json' }),
      ...(manner.idempotencyKey && { 'idempotency-key': manner.idempotencyKey }),
      ...manner.headers,
    };
  }

  private async refusal(response: Response): Promise<Failure> {
    const text = await response.text();
    const problem = Problem.safeParse(jsonOf(text)).data;
    if (!problem) return new Failure(exitOf(null, response.status), this.stranger(response));
    return new Failure(exitOf(problem.code, problem.status), {
      title: problem.title,
      detail: problem.detail,
      help: problem.help,
      code: problem.code,
      requestId: problem.requestId,
      ...(problem.errors && { errors: problem.errors }),
      ...(problem.details && { details: problem.details }),
    });
  }

  private stranger(response: Response) {
    const requestId = response.headers.get('x-request-id');
    return {
      title: `${this.settings.apiUrl} does not answer as Strata does`,
      detail: `HTTP ${response.status} ${response.headers.get('content-type') ?? 'without a content type'}`,
      help: 'Look at --api, STRATA_API and STRATA_PORT.',
      ...(requestId !== null && { requestId }),
    };
  }

  private unreachable(error: unknown): Failure {
    return new Failure(
      exits.failure,
      {
        title: `No server answers at ${this.settings.apiUrl}`,
        detail: causeOf(error),
        help: 'Run `npm start`, or `npx strata up` to have it in the background.',
      },
      { cause: error },
    );
  }

  private silent({ idempotencyKey }: Manner, error: unknown): Failure {
    const again = idempotencyKey && `Ask again with --idempotency-key ${idempotencyKey}: it is done once at most.`;
    const title = `${this.settings.apiUrl} took too long to answer`;
    return new Failure(exits.failure, { title, help: again ?? 'Ask again.' }, { cause: error });
  }

  private late(): Failure {
    return new Failure(exits.timeout, { title: `Not done within ${this.globals.timeoutSeconds} s` });
  }

  private debug(line: string): void {
    if (this.globals.debug) this.io.stderr.write(`${line}\n`);
  }
}

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // Whoever sent this is no Strata: the caller says so.
    return undefined;
  }
};
