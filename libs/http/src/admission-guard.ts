import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { Endpoint } from '@strata/contracts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Admission, TurnedAway } from './admission.js';
import { bearerIn } from './auth-guard.js';
import type { Headroom } from './headroom.js';
import { endpointOf } from './implement.js';
import type { Principals } from './principal.js';
import { problem, tell } from './problem.js';
import type { ProblemError } from './problem.js';
import { sendProblem } from './problem-filter.js';
import { context } from './request-context.js';

/** Lets a request in when it is its turn, after it is known whose it is; the place is free again once it has its answer. */
export class AdmissionGuard implements CanActivate {
  constructor(private readonly admission: Admission) {}

  async canActivate(it: ExecutionContext): Promise<boolean> {
    const endpoint = endpointOf(it.getHandler());
    const request = it.switchToHttp().getRequest<FastifyRequest>();
    const { principal } = context(request);
    if (endpoint?.admission === 'free' || principal === undefined) return true;
    const entered = await this.admission.enter(principal.tenantId);
    if (typeof entered === 'string') throw refusals[entered];
    context(request).leave = entered;
    // Nobody waits for the answer any more, and nothing has been done yet.
    if (request.raw.socket.destroyed) throw refusals.late;
    return true;
  }
}

type Door = Readonly<{
  admission: Admission;
  headroom: Headroom;
  principals: Principals;
  endpoints: readonly Endpoint[];
}>;

/**
 * Turns requests away before anything is made of them: when much too much is asked, saying no must cost next to nothing. And
 * gives places back: an answer that is a stream, or goes to somebody who reads slowly, is no work any more.
 */
export const guardTheDoor = (fastify: FastifyInstance, { admission, headroom, principals, endpoints }: Door): void => {
  const byRoute = new Map(endpoints.map((it) => [`${it.method.toUpperCase()} ${it.path}`, it]));

  const obstacleTo = async (request: FastifyRequest): Promise<ProblemError | undefined> => {
    const endpoint = byRoute.get(`${request.method} ${request.routeOptions.url}`);
    if (endpoint === undefined || endpoint.access === 'anonymous' || endpoint.admission === 'free') return undefined;
    const narrowness = headroom.obstacleTo(endpoint);
    if (narrowness || !admission.isBusy) return narrowness;
    const bearer = bearerIn(request);
    const principal = bearer === undefined ? undefined : await principals.of(bearer);
    const obstacle = principal && admission.obstacleFor(principal.tenantId);
    return obstacle && refusals[obstacle];
  };

  fastify.addHook('onRequest', async (request, reply) => {
    const obstacle = await obstacleTo(request);
    if (obstacle === undefined) return undefined;
    const { problem: told } = tell(obstacle, request.id);
    sendProblem(reply, { status: told.status, body: JSON.stringify(told) });
    // Fastify goes no further with a request whose hook answers the reply.
    return reply;
  });
  fastify.addHook('onSend', async (request) => context(request).leave?.());
};

const refusals: Readonly<Record<TurnedAway, ProblemError>> = {
  share: problem('request.too-many', 'too many requests of this tenant are waiting already'),
  full: problem('service.overloaded', 'too many requests are waiting already'),
  late: problem('service.overloaded', 'it has waited in vain for its turn'),
};
