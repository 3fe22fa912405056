import type { z } from 'zod';
import { api } from '../api.js';
import type { Endpoint } from '../endpoint.js';
import { instanceCan } from '../iaas/instance.js';
import { entryOf } from '../problem.js';
import { namedSchemas, schemaOf, schemaRef } from './schemas.js';
import type { Json } from './schemas.js';

/** The public API as an OpenAPI 3.1 document. The same contract always draws the same document. */
export const drawOpenApi = (): Json => {
  const endpoints = Object.entries(api).flatMap(([noun, verbs]) =>
    Object.entries<Endpoint>(verbs).map(([verb, endpoint]) => ({ operationId: `${noun}.${verb}`, endpoint })),
  );
  const paths = Map.groupBy(endpoints, ({ endpoint }) => endpoint.path.replace(/:(\w+)/g, '{$1}'));
  return {
    openapi: '3.1.1',
    info: {
      title: 'Strata',
      version: '1.0.0',
      description: 'A private cloud: instances, networks, volumes and images, and every event that led to them.',
    },
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    servers: [{ url: 'http://127.0.0.1:7070', description: 'The default of an installation' }],
    tags: [...new Set(endpoints.map(({ endpoint }) => endpoint.tag))].map((name) => ({ name })),
    paths: Object.fromEntries(
      [...paths].map(([path, its]) => [
        path,
        Object.fromEntries(its.map(({ operationId, endpoint }) => [endpoint.method, operation(operationId, endpoint)])),
      ]),
    ),
    components: {
      schemas: namedSchemas(),
      responses: Object.fromEntries(
        endpoints
          .flatMap(({ endpoint }) => [...refusalsOf(endpoint).values()])
          .map((codes) => [nameOf(codes), refusal(codes)]),
      ),
      parameters,
      headers,
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', description: 'A key: `strata_key_…`' } },
    },
    'x-strata-instance-transitions': instanceCan,
  };
};

const parameters = {
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description: 'The same key is the same request: it is carried out once, and answered alike each time, for 24 hours',
    schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x20-\\x7e]+$' },
  },
  RequestId: {
    name: 'X-Request-Id',
    in: 'header',
    description: 'Found again in the answer, in events as `correlationid`, and in the log',
    schema: { type: 'string', pattern: '^req_[0-9a-z]{1,40}$' },
  },
  Tenant: {
    name: 'Strata-Tenant',
    in: 'header',
    description: 'The tenant to act for, by id or name: one that the asker has a role in',
    schema: { type: 'string', pattern: '^[0-9a-z_-]{1,64}$' },
  },
  LastEventId: {
    name: 'Last-Event-ID',
    in: 'header',
    description: 'The position after which a stream of server-sent events goes on',
    schema: { type: 'string', pattern: '^\\d{1,15}$' },
  },
};

const headers = {
  RequestId: { description: 'Names the request wherever it left a trace', schema: { type: 'string' } },
  Location: { description: 'The operation that carries the request out', schema: { type: 'string' } },
  Position: {
    description: 'How far the log had come in what is answered: `?at=` with it answers the same for ever',
    schema: { type: 'integer', minimum: 0 },
  },
  At: {
    description:
      'With `?at=`: when the event at `Strata-Position` was stored. Not there for an instant before all events',
    schema: { type: 'string', format: 'date-time' },
  },
  Replayed: { description: '`true` when this is the answer of an earlier request', schema: { const: 'true' } },
};

/** What changes something can be sent again with a key, unless nobody knows yet who is asking. */
const isRepeatable = ({ method, access }: Endpoint) => method !== 'get' && access !== 'anonymous';

const hasPast = ({ method, timeless }: Endpoint) => method === 'get' && timeless === undefined;

const operation = (operationId: string, endpoint: Endpoint): Json => ({
  operationId,
  summary: endpoint.summary,
  tags: [endpoint.tag],
  security: endpoint.access === 'anonymous' ? [] : [{ bearer: [] }],
  'x-strata-access': endpoint.access,
  parameters: parametersOf(endpoint),
  ...(endpoint.body && {
    requestBody: {
      required: !endpoint.body.safeParse(undefined).success,
      content: { 'application/json': { schema: schemaOf(endpoint.body) } },
    },
  }),
  responses: {
    [endpoint.status]: answer(endpoint),
    ...Object.fromEntries(
      [...refusalsOf(endpoint)].map(([status, codes]) => [status, { $ref: `#/components/responses/${nameOf(codes)}` }]),
    ),
  },
});

const parametersOf = (endpoint: Endpoint): readonly Json[] => [
  ...fieldsOf('path', endpoint.params),
  ...fieldsOf('query', endpoint.query),
  ...[
    'RequestId',
    ...(endpoint.access === 'anonymous' ? [] : ['Tenant']),
    ...(isRepeatable(endpoint) ? ['IdempotencyKey'] : []),
    ...(endpoint.streams === 'events' ? ['LastEventId'] : []),
  ].map((name) => ({ $ref: `#/components/parameters/${name}` })),
];

const fieldsOf = (place: 'path' | 'query', shape: Endpoint['params']): readonly Json[] =>
  Object.entries<z.ZodType>(shape?.shape ?? {}).map(([name, field]) => ({
    name,
    in: place,
    ...(place === 'path' && { required: true }),
    schema: schemaOf(field),
  }));

const answer = (endpoint: Endpoint): Json => ({
  description: endpoint.summary,
  headers: {
    'X-Request-Id': { $ref: '#/components/headers/RequestId' },
    ...(endpoint.status === 202 && { Location: { $ref: '#/components/headers/Location' } }),
    ...(hasPast(endpoint) && {
      'Strata-Position': { $ref: '#/components/headers/Position' },
      'Strata-At': { $ref: '#/components/headers/At' },
    }),
    ...(isRepeatable(endpoint) && { 'Idempotency-Replayed': { $ref: '#/components/headers/Replayed' } }),
  },
  ...(endpoint.status !== 204 && {
    content: {
      ...(endpoint.streams !== 'lines' && { 'application/json': { schema: schemaOf(endpoint.answer) } }),
      ...(endpoint.streams && streams[endpoint.streams]),
    },
  }),
});

const text = (description: string) => ({ schema: { type: 'string', description } });
const streams = {
  events: { 'text/event-stream': text('`id` is the position, `data` a CloudEvent') },
  progress: { 'text/event-stream': text('`event` is `progress` or `done`, `data` how far it is or what came of it') },
  lines: { 'application/x-ndjson': text('A document in each line') },
};

/** The problems that an endpoint answers, with what the edge may say before it is reached: by status, sets of codes. */
const refusalsOf = (endpoint: Endpoint): ReadonlyMap<number, readonly string[]> => {
  const codes = [
    'request.invalid',
    'request.malformed',
    ...(endpoint.access === 'anonymous' ? [] : ['auth.required', 'auth.forbidden']),
    ...(endpoint.body ? ['request.too-large', 'request.media-type'] : []),
    ...(isRepeatable(endpoint) ? ['idempotency.mismatch'] : []),
    ...endpoint.errors,
    ...(endpoint.access === 'anonymous' || endpoint.admission === 'free'
      ? []
      : ['request.too-many', 'service.overloaded']),
    ...(endpoint.method === 'get' ? [] : ['storage.full']),
    ...(endpoint.streams ? ['stream.too-many'] : []),
    'internal.error',
    'service.unavailable',
  ];
  return Map.groupBy(new Set(codes), (code) => entryOf(code).status);
};

const nameOf = (codes: readonly string[]) => codes.join('_');

/** Each set of codes is one named response, because most endpoints share most of them. */
const refusal = (codes: readonly string[]): Json => ({
  description: codes.map((code) => `\`${code}\`: ${entryOf(code).title}`).join('; '),
  headers: { 'X-Request-Id': { $ref: '#/components/headers/RequestId' } },
  content: {
    'application/problem+json': {
      schema: { allOf: [schemaRef('Problem'), { properties: { code: { enum: codes } } }] },
    },
  },
});
