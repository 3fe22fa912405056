import type { Endpoint } from '@strata/contracts';
import type { Leave } from './admission.js';
import type { Asked } from './asked.js';
import type { Principal } from './principal.js';

/** What the guard and the interceptor have found out about a request, for those behind them. */
type RequestContext = { principal?: Principal; asked?: Asked<Endpoint>; leave?: Leave };

const contexts = new WeakMap<object, RequestContext>();

/** Kept beside the request and not on it: nothing that a client sends can ever stand in its place. */
export const context = (request: object): RequestContext => {
  const known = contexts.get(request);
  if (known) return known;
  const fresh: RequestContext = {};
  contexts.set(request, fresh);
  return fresh;
};
