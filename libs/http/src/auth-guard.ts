import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { isAtLeast } from '@strata/contracts';
import type { Endpoint } from '@strata/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { endpointOf } from './implement.js';
import { beyondKey } from './principal.js';
import type { Principal, Principals } from './principal.js';
import { ProblemError, problem } from './problem.js';
import { context } from './request-context.js';

/** An id or a name. */
const TENANT = /^[0-9a-z_-]{1,64}$/;

/** Nobody passes unknown, except where the contract says `anonymous`. */
export class AuthGuard implements CanActivate {
  constructor(private readonly principals: Principals) {}

  async canActivate(it: ExecutionContext): Promise<boolean> {
    const endpoint = endpointOf(it.getHandler());
    if (endpoint === undefined) throw new Error('a route without an endpoint has passed the check at the start');
    if (endpoint.access === 'anonymous') return true;

    const request = it.switchToHttp().getRequest<FastifyRequest>();
    try {
      context(request).principal = await this.#admit(request, endpoint);
    } catch (error) {
      if (error instanceof ProblemError && error.code === 'auth.required') {
        it.switchToHttp().getResponse<FastifyReply>().header('www-authenticate', 'Bearer realm="strata"');
      }
      throw error;
    }
    return true;
  }

  /** Whether a request that was let in would be let in again, for the same tenant. */
  async mayGoOn(request: FastifyRequest, endpoint: Endpoint): Promise<boolean> {
    try {
      const { tenantId } = await this.#admit(request, endpoint);
      return tenantId === context(request).principal?.tenantId;
    } catch (error) {
      if (error instanceof ProblemError) return false;
      throw error;
    }
  }

  /** Calls when somebody has lost a right. Returns how to stop it. */
  onLoss(listener: () => void): () => void {
    return this.principals.onLoss(listener);
  }

  async #admit(request: FastifyRequest, endpoint: Endpoint): Promise<Principal> {
    const bearer = bearerIn(request);
    const known = bearer === undefined ? undefined : await this.principals.of(bearer);
    if (known === undefined) throw problem('auth.required', 'the request carries no key that is known here');
    const principal = await this.#acting(known, request.headers['strata-tenant']);
    if (endpoint.access !== 'anonymous' && !isAtLeast(principal.role, endpoint.access)) {
      const details = { role: principal.role, needed: endpoint.access };
      throw problem('auth.forbidden', `this needs the role ${endpoint.access}; yours is ${principal.role}`, details);
    }
    const refusal = beyondKey(principal, endpoint);
    if (refusal !== undefined) throw problem('auth.forbidden', refusal);
    return principal;
  }

  async #acting(principal: Principal, asked: string | string[] | undefined): Promise<Principal> {
    if (asked === undefined) return principal;
    if (typeof asked !== 'string' || !TENANT.test(asked)) {
      throw problem('request.invalid', 'the header Strata-Tenant is the id or the name of one tenant');
    }
    const there = await this.principals.inTenant(principal, asked);
    if (there) return there;
    if (principal.role === 'platform-administrator') {
      throw problem('tenant.not-found', `there is no tenant "${asked}"`);
    }
    // In these words whether it exists or not: who has no role there learns neither.
    throw problem('auth.forbidden', `you have no role in the tenant "${asked}", or this key is not for it`);
  }
}

/** Two keys in one request are none: whoever reads the first and whoever reads the last would see two different askers. */
export const bearerIn = ({ headers, raw }: FastifyRequest): string | undefined => {
  const sent = raw.rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'authorization');
  if (sent.length > 1) return undefined;
  return /^Bearer ([\x21-\x7e]{1,500})$/i.exec(headers.authorization ?? '')?.[1];
};
