import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { endpointOf } from './implement.js';
import { isAtLeast } from './principal.js';
import type { Principal, Principals } from './principal.js';
import { problem } from './problem.js';
import { context } from './request-context.js';

const TENANT = /^ten_[0-9a-z]{1,40}$/;

/** Nobody passes unknown, except where the contract says `anonymous`. */
export class AuthGuard implements CanActivate {
  constructor(private readonly principals: Principals) {}

  async canActivate(it: ExecutionContext): Promise<boolean> {
    const endpoint = endpointOf(it.getHandler());
    if (endpoint === undefined) throw new Error('a route without an endpoint has passed the check at the start');
    if (endpoint.access === 'anonymous') return true;

    const request = it.switchToHttp().getRequest<FastifyRequest>();
    const principal = await this.#principalOf(request);
    if (principal === undefined) {
      it.switchToHttp().getResponse<FastifyReply>().header('www-authenticate', 'Bearer realm="strata"');
      throw problem('auth.required', 'the request carries no key that is known here');
    }
    if (!isAtLeast(principal.role, endpoint.access)) {
      const details = { role: principal.role, needed: endpoint.access };
      throw problem('auth.forbidden', `this needs the role ${endpoint.access}; yours is ${principal.role}`, details);
    }
    context(request).principal = { ...principal, tenantId: tenantFor(principal, request.headers['strata-tenant']) };
    return true;
  }

  /** Whether the key of a request that was let in is good still. */
  async isStillKnown(request: FastifyRequest): Promise<boolean> {
    return (await this.#principalOf(request)) !== undefined;
  }

  async #principalOf(request: FastifyRequest): Promise<Principal | undefined> {
    const bearer = bearerOf(request);
    return bearer === undefined ? undefined : this.principals.of(bearer);
  }
}

/** What a request carries to say whose it is. */
export const bearerOf = ({ headers }: FastifyRequest): string | undefined =>
  /^Bearer ([\x21-\x7e]{1,500})$/i.exec(headers.authorization ?? '')?.[1];

/** Administrators of the platform may act for any tenant, everybody else only for their own. */
const tenantFor = (principal: Principal, asked: string | string[] | undefined): string => {
  if (asked === undefined || asked === principal.tenantId) return principal.tenantId;
  if (principal.role !== 'platform-administrator') {
    throw problem('auth.forbidden', 'only an administrator of the platform may act for another tenant');
  }
  if (typeof asked !== 'string' || !TENANT.test(asked)) {
    throw problem('request.invalid', 'the header Strata-Tenant is the id of a tenant: `ten_…`');
  }
  return asked;
};
