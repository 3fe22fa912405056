import fc from 'fast-check';
import { injections, oddNumbers } from './nasty.js';
import { nounOf } from './routes.js';
import type { Api, Route } from './routes.js';
import { textPlacesOf, valuesOf, withValue } from './values.js';
import type { Sent } from './wire.js';

/** What goes into the path of a route, by the first word of the path below `/v1`. */
export type Ids = Readonly<Record<string, readonly string[]>>;

type Wanted = Readonly<{ api: Api; ids: Ids; canary: string; keys: readonly (string | undefined)[] }>;

/** Requests for the routes of the document, each good or bad in some ways, and sometimes in ways that are no HTTP at all. */
export const mutantsOf = (wanted: Wanted): fc.Arbitrary<Sent> =>
  fc.constantFrom(...wanted.api.routes).chain((route) =>
    fc
      .record({
        path: pathsOf(route, wanted),
        query: queriesOf(route, wanted),
        body: route.body ? bodiesOf(route, wanted) : fc.constant(undefined),
        key: fc.constantFrom(...wanted.keys),
        headers: fc.dictionary(fc.constantFrom(...Object.keys(oddHeaders)), fc.nat(), { maxKeys: 2 }),
        method: fc.oneof(
          { weight: 12, arbitrary: fc.constant(route.method) },
          { weight: 1, arbitrary: fc.constantFrom('PATCH', 'HEAD', 'OPTIONS', 'TRACE', 'GET', 'DELETE') },
        ),
      })
      .map(({ path, query, body, key, headers, method }) => ({
        method,
        path: query === '' ? path : `${path}?${query}`,
        headers: { ...(key !== undefined && { authorization: `Bearer ${key}` }), ...chosen(headers) },
        body,
      })),
  );

const words = ({ canary }: Wanted) => fc.constantFrom(...injections(canary));

/** Text that may stand in an address: as it is where HTTP allows it, else as `%xx`. */
const inAddress = (text: string) => encodeURIComponent(text.toWellFormed()).slice(0, 4_000);

const pathsOf = (route: Route, wanted: Wanted): fc.Arbitrary<string> => {
  const known = wanted.ids[nounOf(route)] ?? Object.values(wanted.ids).flat();
  const id = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...known) },
    { weight: 2, arbitrary: words(wanted).map(inAddress) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('%00', '%ff', '%zz', '..', '.', '%2e%2e', '%2f', '', 'a'.repeat(101), '%u0041'),
    },
  );
  return id.map((it) => route.path.replace('{id}', () => it));
};

const queriesOf = ({ inQuery }: Route, wanted: Wanted): fc.Arbitrary<string> => {
  const value = ({ schema }: Route['inQuery'][number]) =>
    fc.oneof(
      { weight: 4, arbitrary: valuesOf(wanted.api, schema).map((it) => inAddress(String(it))) },
      { weight: 1, arbitrary: words(wanted).map(inAddress) },
      { weight: 1, arbitrary: fc.constantFrom(...oddNumbers, '%00', '%ff') },
    );
  const named = inQuery.map((parameter) => value(parameter).map((it) => `${parameter.name}=${it}`));
  const odd = fc.constantFrom(
    '__proto__=1',
    'constructor[prototype]=1',
    'x',
    '=',
    '&&&',
    '%00=1',
    'pageToken=WyJhIiwiYiJd',
    'validateOnly=true',
  );
  const parts = fc.oneof(
    { weight: 8, arbitrary: named.length > 0 ? fc.oneof(...named) : fc.constant('') },
    { weight: 1, arbitrary: odd },
  );
  return fc.array(parts, { maxLength: 3 }).map((it) => it.filter((part) => part !== '').join('&'));
};

const bodiesOf = (route: Route, wanted: Wanted): fc.Arbitrary<string> => {
  const { api } = wanted;
  const schema = route.body ?? {};
  const good = valuesOf(api, schema);
  const places = textPlacesOf(api, schema);
  const nastier =
    places.length > 0
      ? fc.tuple(good, fc.constantFrom(...places), words(wanted)).map(([it, place, word]) => withValue(it, place, word))
      : good;
  const value = fc.oneof({ weight: 3, arbitrary: good }, { weight: 3, arbitrary: nastier });
  const text = value.map((it) => JSON.stringify(it));
  return fc.oneof(
    { weight: 5, arbitrary: text },
    { weight: 4, arbitrary: fc.tuple(text, fc.nat(), harms).map(([it, at, harm]) => harm(it, at)) },
  );
};

type Harm = (text: string, at: number) => string;

/** Ways to spoil a JSON text at a place. */
const harms = fc.constantFrom<Harm>(
  (text, at) => text.slice(0, at % (text.length + 1)),
  (text, at) => text.slice(0, at % text.length) + text.slice((at % text.length) + 1),
  (text, at) => text.slice(0, at % text.length) + '"'.repeat((at % 3) + 1) + text.slice(at % text.length),
  (text, at) => text.replace(/:\s*("[^"]*"|-?\d+|true|false|null)/, () => `:${oddNumbers[at % oddNumbers.length]}`),
  (text, at) =>
    text.replace(
      /:\s*("[^"]*"|-?\d+)/,
      () => [':null', ':[]', ':{}', ':[[[[]]]]', ':true', ':"\\ud800"', ':"\\u0000"'][at % 7] ?? '',
    ),
  (text) => text.replace(/^\{/, '{"__proto__":{"polluted":1},'),
  (text) => text.replace(/^\{/, '{"constructor":{"prototype":{"polluted":1}},'),
  (text) => text.replace(/^\{("[^"]*")/, (whole, name: string) => `{${name}:1,${whole.slice(1)}`),
  (text) => text.replace(/^\{/, '{"tenantId":"ten_default",'),
  (text) => `[${text}]`,
  (text) => JSON.stringify(text),
  (text, at) => `${'['.repeat(at % 5_000)}${text}${']'.repeat(at % 5_000)}`,
  (text) => `${text}${text}`,
  (text) => `\ufeff${text}`,
  () => '',
  () => 'null',
);

/** Headers that are unusual, each with values to choose from. */
const oddHeaders: Readonly<Record<string, readonly string[]>> = {
  'content-type': [
    'text/plain',
    'application/xml',
    'application/json; charset=utf-16',
    'multipart/form-data; boundary=x',
    'application/x-www-form-urlencoded',
  ],
  'idempotency-key': ['k', 'x'.repeat(256), 'ä', ''],
  'strata-tenant': ['ten_default', 'ten_platform', 'alfa', '../x', 'x'.repeat(100), 'ten_none'],
  'x-request-id': ['req_mine', 'req_<script>', 'x'.repeat(300)],
  accept: ['text/html', '*/*', 'application/xml;q=0.9'],
  'if-match': ['"1"', '*', 'x'],
  'x-user-id': ['user_admin'],
  'x-roles': ['platform-administrator'],
  'x-http-method-override': ['DELETE'],
  'x-forwarded-for': ['127.0.0.1, 10.0.0.1'],
  'last-event-id': ['1', '-1', 'x'],
  expect: ['100-continue'],
  range: ['bytes=0-1'],
  'content-encoding': ['gzip', 'br'],
};

const chosen = (headers: Readonly<Record<string, number>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, at]) => {
      const values = oddHeaders[name] ?? [];
      const value = values[at % values.length];
      return value === undefined ? [] : [[name, Buffer.from(value).toString('latin1')]];
    }),
  );
