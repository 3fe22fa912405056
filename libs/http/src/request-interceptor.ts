import type { CallHandler, ExecutionContext, LoggerService, NestInterceptor } from '@nestjs/common';
import type { Endpoint } from '@strata/contracts';
import type { Clock } from '@strata/event-store';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { from, lastValueFrom } from 'rxjs';
import type { Observable } from 'rxjs';
import { v7 } from 'uuid';
import { z } from 'zod';
import { AsOf } from './as-of.js';
import { mintFrom } from './asked.js';
import type { Asked } from './asked.js';
import type { AuthGuard } from './auth-guard.js';
import type { Claim, Claims, StoredAnswer } from './claims.js';
import { Idempotency, hashOf } from './idempotency.js';
import { endpointOf } from './implement.js';
import type { OpenStreams } from './open-streams.js';
import type { Principal } from './principal.js';
import { SettledProblem, problem, tell } from './problem.js';
import { bodyIn } from './request-body.js';
import { checkFor } from './request-check.js';
import { context } from './request-context.js';
import { StreamedAnswer } from './streamed-answer.js';

const KEY = /^[\x20-\x7e]{1,255}$/;
/** What every 202 answers: an operation. */
const Accepted = z.object({ id: z.string(), status: z.string().optional() });
const NOBODY: Principal = { userId: 'anonymous', tenantId: 'none', role: 'viewer', keyId: 'none' };

/** From a request to a handler and back: checks what is asked, and lets a mutation with a key happen once. */
export class RequestInterceptor implements NestInterceptor {
  readonly #checks = new WeakMap<Endpoint, ReturnType<typeof checkFor>>();
  readonly #idempotency: Idempotency;

  constructor(
    private readonly clock: Clock,
    private readonly guard: AuthGuard,
    private readonly streams: OpenStreams,
    claims: Claims,
    logger: LoggerService,
  ) {
    this.#idempotency = new Idempotency(claims, (error) => {
      logger.warn(`an answer was not stored with its Idempotency-Key: ${String(error)}`, 'http');
    });
  }

  intercept(it: ExecutionContext, next: CallHandler): Observable<unknown> {
    return from(this.#answer(it, next));
  }

  async #answer(it: ExecutionContext, next: CallHandler): Promise<unknown> {
    const request = it.switchToHttp().getRequest<FastifyRequest>();
    const reply = it.switchToHttp().getResponse<FastifyReply>();
    const endpoint = endpointOf(it.getHandler());
    if (endpoint === undefined) throw new Error('a route without an endpoint has passed the check at the start');

    const { params, query } = request;
    const parts = this.#checkOf(endpoint)({ params, query, body: bodyIn(request) });
    const principal = context(request).principal ?? NOBODY;
    const at = this.clock.now();
    const validateOnly = parts.query.validateOnly === 'true';
    const handle = ({ seed, since, isRepeat }: Pick<Claim, 'seed' | 'since' | 'isRepeat'>): Promise<unknown> => {
      const identity = identityOf(request, principal, at, seed);
      const asked = { ...parts, principal, validateOnly, since, isRepeat, ...identity };
      // The parts have just been checked against this very endpoint.
      context(request).asked = asked as Asked<Endpoint>;
      return lastValueFrom(next.handle(), { defaultValue: undefined });
    };

    const fresh = () => ({ seed: v7(), since: at, isRepeat: false });
    if (endpoint.method === 'get') return this.#shown(await handle(fresh()), { request, reply, endpoint });

    const key = keyOf(request);
    // A key that nobody chose cannot be sent again, so there is nothing to remember; and nothing is for the unknown, whose
    // keys would be everybody's.
    if (key === undefined || validateOnly || endpoint.access === 'anonymous') {
      return sent(reply, endpoint, { answer: answerOf(endpoint, await handle(fresh())), validateOnly });
    }
    // What is kept of a request must not help to guess the password in it, and a secret is told to nobody but the holder of
    // the very key that asked for it: that key is kept nowhere.
    const salt = endpoint.secretBody || endpoint.shownOnce ? [request.headers.authorization] : [];
    const requestHash = hashOf(request.method, pathOf(request), principal.userId, parts.query, parts.body, ...salt);
    const { answer, replayed } = await this.#idempotency.once(
      { tenantId: principal.tenantId, key, requestHash, at },
      (claim) => settle(endpoint, request.id, () => handle(claim)),
      { kept: (first) => withoutSecrets(endpoint, first), isMadeAgain },
    );
    if (replayed) reply.header('idempotency-replayed', 'true');
    return sent(reply, endpoint, { answer, validateOnly });
  }

  #shown(answer: unknown, { request, reply, endpoint }: Exchange): unknown {
    if (answer instanceof AsOf) {
      reply.headers(answer.headers);
      return answer.body;
    }
    if (!(answer instanceof StreamedAnswer)) return answer;
    const asker = context(request).principal ?? NOBODY;
    const signal = this.streams.signalFor(reply.raw, asker, () => this.guard.mayGoOn(request, endpoint));
    // The connection ends with the stream, so that a server that stops waits for nobody.
    reply.headers({
      'content-type': answer.contentType,
      'x-accel-buffering': 'no',
      connection: 'close',
    });
    return answer.toReadable(signal);
  }

  #checkOf(endpoint: Endpoint) {
    const known = this.#checks.get(endpoint);
    if (known) return known;
    const made = checkFor(endpoint);
    this.#checks.set(endpoint, made);
    return made;
  }
}

/** An operation that has begun is in the log; one that came to nothing is nowhere. */
const isMadeAgain = ({ status, body }: StoredAnswer): boolean =>
  status === 202 && Accepted.parse(JSON.parse(body)).status === 'running';

type Exchange = Readonly<{ request: FastifyRequest; reply: FastifyReply; endpoint: Endpoint }>;

/** What of a request goes into its commands. The same seed gives the same command and the same ids. */
const identityOf = (
  { id, headers, ip }: FastifyRequest,
  { tenantId, userId }: Principal,
  at: string,
  seed: string,
) => ({
  meta: { commandId: seed, at, tenantId, actor: userId, correlationId: id, causationId: id },
  mint: mintFrom(seed),
  peer: ip,
  header: (name: string) => [headers[name.toLowerCase()]].flat()[0],
});

/** A refusal is an answer like another and is kept with the key; an accident is thrown, and the key stays free. */
const settle = async (endpoint: Endpoint, requestId: string, handle: () => Promise<unknown>): Promise<StoredAnswer> => {
  try {
    return answerOf(endpoint, await handle());
  } catch (error) {
    const told = tell(error, requestId);
    if (told.isOurs) throw error;
    return { status: told.problem.status, body: JSON.stringify(told.problem) };
  }
};

const answerOf = ({ status }: Endpoint, answer: unknown): StoredAnswer => ({
  status,
  body: answer === undefined ? '' : JSON.stringify(answer),
});

/** An answer as it may be kept: what is shown once is not in it. */
const withoutSecrets = ({ shownOnce = [] }: Endpoint, { status, body }: StoredAnswer): StoredAnswer => {
  if (shownOnce.length === 0 || status >= 400) return { status, body };
  const hidden = (name: string, value: unknown) => (shownOnce.includes(name) ? null : value);
  return { status, body: JSON.stringify(JSON.parse(body), hidden) };
};

type Sent = Readonly<{ answer: StoredAnswer; validateOnly: boolean }>;

/** @throws SettledProblem, because the status of a success is Nest's to write and that of a refusal the filter's */
const sent = (reply: FastifyReply, endpoint: Endpoint, { answer, validateOnly }: Sent): string | undefined => {
  if (answer.status >= 400) throw new SettledProblem(answer);
  if (answer.body === '') return undefined;
  reply.header('content-type', 'application/json; charset=utf-8');
  if (endpoint.status === 202 && !validateOnly) {
    reply.header('location', `/v1/operations/${Accepted.parse(JSON.parse(answer.body)).id}`);
  }
  return answer.body;
};

const keyOf = ({ headers }: FastifyRequest): string | undefined => {
  const key = headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key === 'string' && KEY.test(key)) return key;
  throw problem('request.invalid', 'an Idempotency-Key is 1 to 255 printable characters of ASCII');
};

const pathOf = ({ url }: FastifyRequest) => url.split('?', 1)[0];
