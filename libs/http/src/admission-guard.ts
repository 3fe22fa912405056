import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Admission } from './admission.js';
import { endpointOf } from './implement.js';
import { problem } from './problem.js';
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
    if (entered === 'share') throw problem('request.too-many', 'too many requests of this tenant are waiting already');
    if (entered === 'full') throw problem('service.overloaded', 'too many requests are waiting already');
    if (entered === 'late') throw problem('service.overloaded', 'it has waited in vain for its turn');
    context(request).leave = entered;
    // Nobody waits for the answer any more, and nothing has been done yet.
    if (request.raw.socket.destroyed) throw problem('service.overloaded', 'the asker has gone');
    return true;
  }
}

/** An answer that is a stream, or goes to somebody who reads slowly, is no work any more. */
export const leaveWithAnswers = (fastify: FastifyInstance): void => {
  fastify.addHook('onSend', async (request) => context(request).leave?.());
};
