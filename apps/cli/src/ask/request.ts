import type { Endpoint } from '@strata/contracts';
import { usage } from './failure.js';

/** The parts of a request, where the contract wants them. */
export type Request = Readonly<{
  params?: Readonly<Record<string, unknown>>;
  query?: Readonly<Record<string, unknown>>;
  body?: unknown;
}>;

/** What was given on the command line, by the names that the contract uses. */
export type Given = Readonly<Record<string, unknown>>;

const only = (given: Given, wanted: (key: string) => boolean): Given =>
  Object.fromEntries(Object.entries(given).filter(([key, value]) => value !== undefined && wanted(key)));

const bodyOf = ({ body }: Endpoint, rest: Given): unknown => {
  if (!body) return undefined;
  return Object.keys(rest).length === 0 && body.safeParse(undefined).success ? undefined : rest;
};

/** Whether a dry run of the endpoint is possible. */
export const dryRuns = ({ query }: Endpoint): boolean => query !== undefined && 'validateOnly' in query.shape;

/**
 * Puts each word where the contract wants it: into the path, else into the body, else into the query. What the contract
 * would refuse is refused here already, in the words of the command line.
 * @param wordFor the word on the command line for a name of the contract
 */
export const requestOf = (endpoint: Endpoint, given: Given, wordFor: (key: string) => string): Request => {
  const inPath = (key: string) => endpoint.params !== undefined && key in endpoint.params.shape;
  const rest = only(given, (key) => !inPath(key));
  const request = {
    params: only(given, inPath),
    query: endpoint.body ? {} : rest,
    body: bodyOf(endpoint, rest),
  };
  const issues = [
    endpoint.params?.safeParse(request.params),
    endpoint.query?.safeParse(request.query),
    endpoint.body?.safeParse(request.body),
  ].flatMap((checked) => checked?.error?.issues ?? []);
  if (issues.length === 0) return request;
  throw usage('This cannot be asked', {
    errors: issues.map(({ path, message }) => ({ path: path.length > 0 ? wordFor(String(path[0])) : '', message })),
  });
};

/** A segment that is empty or made of dots would name another path. */
const segment = (value: unknown): string => {
  const text = String(value);
  if (/^\.{0,2}$/.test(text)) throw usage(`"${text}" is neither a name nor an id`);
  return encodeURIComponent(text);
};

export const urlOf = (apiUrl: string, { path }: Endpoint, { params = {}, query = {} }: Request): string => {
  const url = new URL(
    path.replace(/:(\w+)/g, (_, key: string) => segment(params[key])),
    apiUrl,
  );
  for (const [key, value] of Object.entries(query)) url.searchParams.set(key, String(value));
  return url.href;
};
