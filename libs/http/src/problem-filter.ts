import { Catch } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter, LoggerService } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { SettledProblem, tell } from './problem.js';
import type { StoredAnswer } from './claims.js';

/** What many requests meet together is told once in so many milliseconds. */
const OUTAGE_TOLD_MS = 1_000;

/** Every error leaves as RFC 9457. What is ours to mend is logged here, once, with the id that the asker is told. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  #outages = 0;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly logger: LoggerService) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const answer = error instanceof SettledProblem ? error.answer : this.answerTo(error, request);
    // An answer that has begun can only be broken off, which fastify does.
    if (!reply.sent) sendProblem(reply, answer);
  }

  answerTo(error: unknown, { id, method, url }: Pick<FastifyRequest, 'id' | 'method' | 'url'>): StoredAnswer {
    const { problem, isOurs } = tell(error, id);
    if (isOurs === 'outage') this.#tellOutage(error);
    if (isOurs === 'accident') {
      const message = `${id} ${method} ${url.split('?', 1)[0]}: ${problem.code}`;
      this.logger.error(message, error instanceof Error ? depthOf(error) : String(error), 'http');
    }
    return { status: problem.status, body: JSON.stringify(problem) };
  }

  #tellOutage(error: unknown): void {
    this.#outages += 1;
    if (performance.now() - this.#toldAt < OUTAGE_TOLD_MS) return;
    this.logger.error(
      `requests that could not be served: ${this.#outages}, the last because of ${String(error)}`,
      'http',
    );
    this.#outages = 0;
    this.#toldAt = performance.now();
  }
}

export const sendProblem = (reply: FastifyReply, { status, body }: StoredAnswer): void => {
  const retryAfter = retryAfterIn(status, body);
  if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter));
  void reply.status(status).header('content-type', 'application/problem+json; charset=utf-8').send(body);
};

/** The stack with those of its causes. */
const depthOf = (error: Error): string =>
  [error.stack ?? String(error), ...(error.cause instanceof Error ? [depthOf(error.cause)] : [])].join('\ncaused by ');

const Later = z.object({ details: z.object({ retryAfterSeconds: z.int() }) });

/** When asking again makes sense: what the problem itself says, or in a moment; not at once, where somebody has to make room. */
const retryAfterIn = (status: number, body: string): number | undefined => {
  if (status === 507) return 10;
  if (status !== 503 && status !== 429) return undefined;
  return Later.safeParse(JSON.parse(body)).data?.details.retryAfterSeconds ?? 1;
};
