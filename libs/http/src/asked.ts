import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import type { BodyOf, Endpoint, ParamsOf, QueryOf } from '@strata/contracts';
import type { Meta } from '@strata/event-sourcing';
import { TypeID } from 'typeid-js';
import { context } from './request-context.js';
import type { Principal } from './principal.js';

/** Everything a handler may know about what is asked: checked, typed, in one argument. */
export type Asked<E extends Endpoint> = Readonly<{
  body: BodyOf<E>;
  params: ParamsOf<E>;
  query: QueryOf<E>;
  /** Who asks; `tenantId` is the tenant that is acted for. */
  principal: Principal;
  /** Answer as the real request would, and change nothing. */
  validateOnly: boolean;
  /** When it was asked first (RFC 3339): the same for every repeat of one Idempotency-Key. */
  since: string;
  /** Its Idempotency-Key was used before, and nobody knows what came of it: it may have been done already. */
  isRepeat: boolean;
  /** For commands. `commandId` is the same for every repeat of one Idempotency-Key. */
  meta: Meta;
  /** An id such as `inst_01h…`: the same for every repeat of one Idempotency-Key. Different prefixes, different ids. */
  mint<const Prefix extends string>(prefix: Prefix): `${Prefix}_${string}`;
  /** The address at the other end of the connection, which no header can change. */
  peer: string;
  /** Request headers, lower-case, for the few endpoints that negotiate. */
  header(name: string): string | undefined;
}>;

const ASKED = 'strata:asked';

const AskedArgument = createParamDecorator((_: unknown, it: ExecutionContext) => {
  const { asked } = context(it.switchToHttp().getRequest());
  if (asked === undefined) throw new Error('a handler runs for a request that nobody has checked');
  return asked;
});

/** The one argument of a controller's method: `create(@Asked(instances.create) asked: Asked<typeof instances.create>)`. */
export const Asked =
  (endpoint: Endpoint): ParameterDecorator =>
  (controller, name, index) => {
    AskedArgument()(controller, name, index);
    if (name !== undefined) Reflect.defineMetadata(ASKED, endpoint, controller, name);
  };

/** The endpoint whose request a handler asks for; `undefined` when it takes no argument. */
export const askedFor = (controller: object, name: string): Endpoint | undefined => {
  // Only `Asked` writes under this name.
  return Reflect.getMetadata(ASKED, controller, name) as Endpoint | undefined;
};

/** `inst_` and the 26 characters of base 32 that a UUID has. */
export const mintFrom =
  (seed: string) =>
  <const Prefix extends string>(prefix: Prefix): `${Prefix}_${string}` =>
    `${prefix}_${TypeID.fromUUID(prefix, seed).getSuffix()}`;
