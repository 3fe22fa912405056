import type { FastifyRequest } from 'fastify';
import { faultsIn } from './i-json.js';
import { invalid, problem } from './problem.js';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * What the bytes of a body say. It is read after it is known who asks, so that nobody makes us work who may not ask at all.
 * @throws ProblemError `request.malformed` when it is no JSON, `request.invalid` when readers could disagree about it
 */
export const bodyIn = ({ body }: Pick<FastifyRequest, 'body'>): unknown => {
  // Clients that always say `application/json` mean nothing by it where there is no body.
  if (!(body instanceof Uint8Array) || body.length === 0) return undefined;
  const text = textIn(body);
  const { faults, isMonstrous } = faultsIn(text);
  const value = isMonstrous ? undefined : valueIn(text);
  if (faults.length > 0) throw invalid(faults.map((it) => ({ ...it, path: it.path || 'body' })));
  return value;
};

const textIn = (body: Uint8Array): string => {
  try {
    return utf8.decode(body);
  } catch {
    throw problem('request.malformed', 'the body is not UTF-8');
  }
};

const valueIn = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // What exactly is wrong, and where, would quote the body.
    throw problem('request.malformed', 'the body is not JSON');
  }
};
