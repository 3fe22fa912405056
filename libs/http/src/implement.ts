import { HttpCode, RequestMapping, RequestMethod, SetMetadata, applyDecorators } from '@nestjs/common';
import type { AnswerOf, Endpoint } from '@strata/contracts';
import type { AsOf } from './as-of.js';
import type { Asked } from './asked.js';
import type { StreamedAnswer } from './streamed-answer.js';

/** Under which a route remembers its endpoint. */
const ENDPOINT = 'strata:endpoint';

/** What is shown is read from folds, whose rows nobody may change: read-only parts are as good as others. */
type Shown<T> = unknown extends T
  ? T
  : T extends string | number | boolean | null | undefined | void
    ? T
    : T extends readonly (infer Item)[]
      ? readonly Shown<Item>[]
      : { readonly [Key in keyof T]: Shown<T[Key]> };

/** What has a past says how far the log had come. */
type Told<E extends Endpoint, Body> =
  E extends Readonly<{ query: Readonly<{ shape: Readonly<{ at: unknown }> }> }> ? AsOf<Body> : Body;

type Answered<E extends Endpoint> =
  Told<E, Shown<AnswerOf<E>>> | (E extends { streams: string } ? StreamedAnswer : never);

/**
 * Binds a controller's method to an endpoint of the contract: its verb, path, status and role, and the checks of what is
 * asked. A method that answers another shape, or expects another question, does not compile.
 */
export const Implement =
  <E extends Endpoint>(endpoint: E) =>
  <M extends (asked: Asked<E>) => Promise<Answered<E>> | Answered<E>>(
    controller: object,
    name: string,
    method: TypedPropertyDescriptor<M>,
  ): void =>
    applyDecorators(
      RequestMapping({ path: endpoint.path, method: verbs[endpoint.method] }),
      HttpCode(endpoint.status),
      SetMetadata(ENDPOINT, endpoint),
    )(controller, name, method);

const verbs = {
  get: RequestMethod.GET,
  post: RequestMethod.POST,
  put: RequestMethod.PUT,
  patch: RequestMethod.PATCH,
  delete: RequestMethod.DELETE,
} as const;

/** The endpoint that a route implements; `undefined` for a route that was bound in another way. */
export const endpointOf = (handler: object): Endpoint | undefined => {
  // Only `Implement` writes under this name.
  return Reflect.getMetadata(ENDPOINT, handler) as Endpoint | undefined;
};
