import { entryOf, problems } from '@strata/contracts';
import type { Problem, ProblemCode } from '@strata/contracts';
import { outageIn } from '@strata/event-store';
import type { Outage } from '@strata/event-store';
import type { StoredAnswer } from './claims.js';

type Details = Readonly<Record<string, unknown>>;
type FieldErrors = readonly Readonly<{ path: string; message: string }>[];

/** A refusal on its way to the asker, for `.http.ts` files, where nothing but throwing leaves a handler early. */
export class ProblemError extends Error {
  constructor(
    readonly code: ProblemCode,
    readonly detail: string,
    readonly details: Details = {},
    readonly errors: FieldErrors = [],
  ) {
    super(detail);
  }
}

/** `throw problem('instance.not-found', 'there is no instance "web-1"')` */
export const problem = (code: ProblemCode, detail: string, details?: Details) =>
  new ProblemError(code, detail, details);

/** So many mistakes are told of at once, and so much of the name of a field: an answer is not larger than its question. */
const TOLD = 50;
const NAMED = 200;

/** The request is well-formed JSON, but these fields are not what the contract asks for. */
export const invalid = (errors: FieldErrors) => {
  const told = errors.slice(0, TOLD).map(({ path, message }) => ({ path: path.slice(0, NAMED), message }));
  const more = errors.length > TOLD ? [{ path: '', message: `and ${errors.length - TOLD} more` }] : [];
  const detail = [...told, ...more].map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  return new ProblemError('request.invalid', detail.join('; '), {}, [...told, ...more]);
};

/** A problem that was settled with its key: it is sent as it stands. */
export class SettledProblem extends Error {
  constructor(readonly answer: StoredAnswer) {
    super('a request was refused');
  }
}

/** An error as the asker sees it, and whether it is ours: nothing that the asker can mend. */
export type Told = Readonly<{ problem: Problem; isOurs: false | 'accident' | 'outage' }>;

/** Whatever was thrown, as a problem document. What we did not foresee says nothing of its inside. */
export const tell = (error: unknown, requestId: string): Told => {
  const known = foreseen(error);
  if (known) return { problem: documentOf(known, requestId), isOurs: false };
  const outage = outageIn(error);
  if (outage) return { problem: documentOf(OUTAGES[outage], requestId), isOurs: 'outage' };
  return { problem: documentOf(ACCIDENT, requestId), isOurs: 'accident' };
};

type Foreseen = Readonly<{ code: ProblemCode; detail: string; details?: Details; errors?: FieldErrors }>;

const ACCIDENT: Foreseen = { code: 'internal.error', detail: 'the request could not be carried out' };
const OUTAGES: Readonly<Record<Outage, Foreseen>> = {
  unreachable: { code: 'service.unavailable', detail: 'a part of the platform cannot be reached just now' },
  full: { code: 'storage.full', detail: 'the platform has no space left to write this down' },
};

const documentOf = ({ code, detail, details, errors }: Foreseen, requestId: string): Problem => {
  const { status, title, help } = entryOf(code);
  return {
    type: `/problems/${code}`,
    title,
    status,
    detail,
    code,
    requestId,
    help,
    ...(errors && errors.length > 0 && { errors: [...errors] }),
    ...(details && Object.keys(details).length > 0 && { details: { ...details } }),
  };
};

const foreseen = (error: unknown): Foreseen | undefined => {
  if (error instanceof ProblemError) return error;
  if (!isRecord(error)) return undefined;
  return refusalIn(error) ?? frameworkRefusal(error);
};

/** Known by its shape, so that this library needs nothing of the one that throws it. */
const refusalIn = ({ rejection }: Details): Foreseen | undefined => {
  if (!isRecord(rejection) || typeof rejection.code !== 'string' || typeof rejection.reason !== 'string') return;
  // A code that is not in the catalogue is a mistake of ours, and is told as one.
  if (!isProblemCode(rejection.code)) return;
  const details = isRecord(rejection.details) ? rejection.details : {};
  return { code: rejection.code, detail: rejection.reason, details };
};

/** What fastify and Nest refuse by themselves, before any handler of ours runs. */
const frameworkRefusal = ({ code, status, statusCode = status, message }: Details): Foreseen | undefined => {
  const isFastify = typeof code === 'string' && code.startsWith('FST_');
  const isNest = typeof status === 'number' && status === statusCode;
  const isJson = code === undefined && typeof message === 'string' && statusCode === 400;
  if (!isFastify && !isNest && !isJson) return undefined;
  switch (statusCode) {
    case 404:
      return { code: 'route.not-found', detail: 'no endpoint has this method and path' };
    case 413:
      return { code: 'request.too-large', detail: 'the body is larger than 1 MiB' };
    case 415:
      return { code: 'request.media-type', detail: 'the body is not `application/json`' };
    case 503:
      return OUTAGES.unreachable;
    default:
      if (typeof statusCode !== 'number' || statusCode < 400 || statusCode > 499) return undefined;
      return { code: 'request.malformed', detail: 'the address or the body of the request cannot be read' };
  }
};

const isProblemCode = (code: string): code is ProblemCode => Object.hasOwn(problems, code);
const isRecord = (it: unknown): it is Record<string, unknown> => typeof it === 'object' && it !== null;
