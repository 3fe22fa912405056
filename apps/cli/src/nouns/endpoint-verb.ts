import type { Endpoint, Operation } from '@strata/contracts';
import { Operation as OperationSchema } from '@strata/contracts';
import { randomUUID } from 'node:crypto';
import { Failure, exits, explain } from '../ask/failure.js';
import { waitFor } from '../ask/operation-wait.js';
import type { Given, Request } from '../ask/request.js';
import { dryRuns, requestOf } from '../ask/request.js';
import { print } from '../show/output.js';
import type { View } from '../show/view.js';
import { operationView } from './operation-view.js';
import { footOf, pastOf } from './past.js';
import type { Call, Flag, Operand, Verb } from './verb.js';
import { whole, wordOf } from './verb.js';

type Parts = Readonly<{
  view: View;
  takes?: readonly Operand[];
  flags?: readonly Flag[];
  examples?: readonly string[];
  /** The endpoint that shows the thing that an operation was about; without it, the operation itself is shown. */
  then?: Endpoint;
  /** Turns what was given into what is asked, where words alone do not say it. */
  prepare?: (call: Call) => Promise<Given>;
  /** How the operation shall end. */
  wanted?: Operation['status'];
}>;

const limit: Flag = { spec: '--limit <n>', into: 'limit', text: 'at most so many (default: all)', read: whole };

const changesOf = (endpoint: Endpoint): Verb['changes'] => {
  if (endpoint.method === 'get') return 'nothing';
  return dryRuns(endpoint) ? 'dry-runs' : 'always';
};

/** A verb as its endpoint says it: a list, an operation to wait for, or one thing. */
export const verb = (name: string, endpoint: Endpoint, parts: Parts): Verb => {
  const { takes = [], flags = [], examples = [] } = parts;
  const paged = endpoint.query !== undefined && 'pageToken' in endpoint.query.shape;
  const works = endpoint.answer === OperationSchema && endpoint.method !== 'get';
  return {
    name,
    summary: endpoint.summary,
    takes,
    flags: [...flags, ...(paged ? [limit] : []), ...pastOf(endpoint)],
    changes: changesOf(endpoint),
    examples,
    perform: (call) => {
      if (paged) return list(endpoint, parts, call);
      return works ? operate(endpoint, parts, call) : one(endpoint, parts, call);
    },
  };
};

const asked = (endpoint: Endpoint, { verb: asking }: Call, given: Given): Request =>
  requestOf(endpoint, given, (key) => wordOf(asking, key));

// ── Lists ────────────────────────────────────────────────────────

type Page = Readonly<{ items: readonly unknown[]; nextPageToken: string | null }>;

/** The largest page that every list gives. */
const largestPage = 1000;

/** Every page of a list, up to `most` items. */
async function* pagesOf(
  endpoint: Endpoint,
  given: Given,
  call: Call,
  { most, heard }: Readonly<{ most: number; heard: (headers: Headers) => void }>,
): AsyncGenerator<Page> {
  let left = most;
  let pageToken: string | undefined;
  while (left > 0) {
    const request = asked(endpoint, call, { ...given, pageSize: Math.min(left, largestPage), pageToken });
    // Every endpoint whose query has a page token answers with a page: `pageOf` in the contracts.
    const page = (await call.client().ask(endpoint, request, { heard })) as Page;
    yield page;
    if (page.nextPageToken === null) return;
    left -= page.items.length;
    pageToken = page.nextPageToken;
  }
}

const list = async (endpoint: Endpoint, { view }: Parts, call: Call): Promise<void> => {
  const { limit: most, ...given } = call.given;
  const items: unknown[] = [];
  let headers: Headers | undefined;
  const heard = (it: Headers) => (headers = it);
  for await (const page of pagesOf(endpoint, given, call, {
    most: typeof most === 'number' ? most : Infinity,
    heard,
  })) {
    items.push(...page.items);
  }
  await print(call.io, call.globals, items, view);
  footOf(call, headers);
};

// ── One thing ────────────────────────────────────────────────────

/** What tells one request from another: a fresh key per request, or the asker's with the name where there are several. */
const mannerOf = (endpoint: Endpoint, { globals }: Call, name: string | undefined) => {
  const { idempotencyKey: key } = globals;
  if (endpoint.method === 'get') return {};
  return { idempotencyKey: key === undefined ? randomUUID() : name === undefined ? key : `${key}:${name}` };
};

const dry = ({ globals }: Call, request: Request): Request =>
  globals.dryRun ? { ...request, query: { ...request.query, validateOnly: 'true' } } : request;

const one = async (endpoint: Endpoint, { view, prepare }: Parts, call: Call): Promise<void> => {
  const request = asked(endpoint, call, prepare ? await prepare(call) : call.given);
  const reads = endpoint.method === 'get';
  let headers: Headers | undefined;
  const answer = await call.client().ask(endpoint, reads ? request : dry(call, request), {
    ...mannerOf(endpoint, call, undefined),
    heard: (it) => (headers = it),
  });
  await print(call.io, call.globals, answer, view, reads ? 'fields' : 'rows');
  footOf(call, headers);
};

// ── Operations ───────────────────────────────────────────────────

/**
 * Takes each in turn. Where there are several, what fails is said and the others go on.
 * @returns what succeeded, and the exit code of the first that did not
 */
const eachOf = async <T, R>({ io }: Call, several: Several, all: readonly T[], act: (it: T) => Promise<R>) => {
  const done: R[] = [];
  let exit: number | undefined;
  for (const it of all) {
    try {
      done.push(await act(it));
    } catch (error) {
      if (!(error instanceof Failure) || several === 'one') throw error;
      io.stderr.write(explain(error.explanation));
      exit ??= error.exit;
    }
  }
  return { done, exit };
};

type Several = 'one' | 'several';

/** The words of one request: a verb that takes several names asks once for each. */
const requestsOf = ({
  verb: asking,
  given,
}: Call): readonly Readonly<{ name?: string; label: string; given: Given }>[] => {
  const word = asking.takes[0]?.into ?? '';
  const value = given[word];
  if (!Array.isArray(value)) return [{ label: String(value), given }];
  return [...new Set(value.map(String))].map((name) => ({
    ...(value.length > 1 && { name }),
    label: name,
    given: { ...given, [word]: name },
  }));
};

/** Asks for all, then waits for all: they work side by side. */
const operate = async (endpoint: Endpoint, { view, then, wanted }: Parts, call: Call): Promise<number> => {
  const { io, globals } = call;
  const client = call.client();
  const requests = requestsOf(call).map((it) => ({ ...it, request: dry(call, asked(endpoint, call, it.given)) }));
  const several = requests.length > 1 ? 'several' : 'one';
  const begun = await eachOf(call, several, requests, async ({ request, name, label }) => ({
    label,
    // `verb` comes here only for endpoints whose answer is an operation.
    operation: (await client.ask(endpoint, request, mannerOf(endpoint, call, name))) as Operation,
  }));
  const waits = !globals.async && !globals.dryRun;
  const ended = await eachOf(call, several, begun.done, async ({ operation, label }): Promise<unknown> => {
    if (!waits) return operation;
    const end = await waitFor(client, io, operation, label, wanted);
    return then ? client.ask(then, { params: { id: end.resource.id } }) : end;
  });
  const answer = several === 'one' ? ended.done[0] : ended.done;
  if (ended.done.length > 0) await print(io, globals, answer, waits && then ? view : operationView);
  return begun.exit ?? ended.exit ?? exits.ok;
};
