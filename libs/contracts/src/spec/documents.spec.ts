import { Validator } from '@seriousme/openapi-schema-validator';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { api } from '../api.js';
import type { Endpoint } from '../endpoint.js';
import { problems } from '../problem.js';
import { drawAsyncApi } from './asyncapi.js';
import { checkoutOf, documents, textOf } from './documents.js';
import { drawOpenApi } from './openapi.js';
import { schemaOf } from './schemas.js';

const checkout = checkoutOf(import.meta.url);
const endpoints = Object.values(api).flatMap((verbs) => Object.values<Endpoint>(verbs));

/** Every `$ref` of a document. */
const refsIn = (value: unknown): readonly string[] => {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, it]: [string, unknown]) =>
    key === '$ref' && typeof it === 'string' ? [it] : refsIn(it),
  );
};
const at = (document: unknown, ref: string): unknown =>
  ref
    .slice(2)
    .split('/')
    .reduce<unknown>((it, key) => (it as Record<string, unknown> | undefined)?.[key], document); // A place in JSON.

describe('the committed documents', () => {
  for (const { path, draw } of documents) {
    it(`are what the contract draws: ${path} (if not, run "npm run contracts" and review the difference)`, () => {
      expect(readFileSync(join(checkout, path), 'utf8') === textOf(draw())).toBe(true);
    });

    it(`have no reference that leads nowhere: ${path}`, () => {
      const document = draw();
      const refs = refsIn(document);
      expect(refs.length).toBeGreaterThan(30);
      expect(refs.filter((ref) => at(document, ref) === undefined)).toEqual([]);
    });
  }
});

describe('the OpenAPI document', () => {
  const Document = z.looseObject({
    paths: z.record(z.string(), z.record(z.string(), z.looseObject({ operationId: z.string() }))),
  });
  const { paths } = Document.parse(drawOpenApi());

  it('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    expect(await validator.validate(structuredClone(drawOpenApi()))).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
  });

  it('has every endpoint once, under a name of its own', () => {
    const operations = Object.values(paths).flatMap((it) => Object.values(it));
    expect(operations).toHaveLength(endpoints.length);
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(endpoints.length);
  });

  it('tells the role, the key of a mutation, the operation of a 202, and every code', () => {
    const create = paths['/v1/instances']?.['post'];
    expect(create).toMatchObject({
      operationId: 'instances.create',
      'x-strata-access': 'operator',
      security: [{ bearer: [] }],
      requestBody: { required: true },
      responses: { 202: { headers: { Location: {} } }, 401: {}, 403: {}, 422: {} },
    });
    expect(refsIn(create)).toEqual(
      expect.arrayContaining([
        '#/components/parameters/IdempotencyKey',
        '#/components/schemas/InstanceSpec',
        '#/components/responses/auth.forbidden_quota.exceeded',
      ]),
    );
    expect(paths['/healthz']?.['get']).toMatchObject({ security: [], 'x-strata-access': 'anonymous' });
    expect(refsIn(paths['/v1/instances']?.['get'])).not.toContain('#/components/parameters/IdempotencyKey');
  });

  it('names only codes that the catalogue of problems knows', () => {
    for (const { errors } of endpoints) for (const code of errors) expect(problems).toHaveProperty([code]);
  });

  it('draws what may be left out as such, and keeps what people should know', () => {
    const shape = z.strictObject({ size: z.int().min(1).default(3).describe('In cups'), when: z.iso.datetime() });
    expect(schemaOf(shape)).toEqual({
      type: 'object',
      properties: {
        size: { type: 'integer', minimum: 1, default: 3, description: 'In cups' },
        when: { type: 'string', format: 'date-time' },
      },
      required: ['when'],
      additionalProperties: false,
    });
  });
});

describe('the contract', () => {
  it('answers of the past wherever it answers, or says why there is none; and changes nothing there', () => {
    for (const { method, path, query, timeless } of endpoints) {
      const takesAt = query !== undefined && 'at' in query.shape;
      expect([path, takesAt || timeless !== undefined]).toEqual([path, method === 'get']);
      expect([path, takesAt && timeless !== undefined]).toEqual([path, false]);
      for (const at of ['0', '17', '2026-11-22T09:08:07Z', '2026-11-22T10:08:07.65+01:00'])
        expect([path, query?.strict().safeParse({ at }).success ?? false]).toEqual([path, takesAt]);
      for (const at of ['', '-1', '1.5', 'yesterday', '2026-11-22', '2026-13-01T00:00:00Z', '9'.repeat(16)])
        expect([path, at, query?.strict().safeParse({ at }).success ?? false]).toEqual([path, at, false]);
    }
  });

  it('has one endpoint for each verb and path', () => {
    const routes = endpoints.map(({ method, path }) => `${method} ${path.replace(/:\w+/g, ':')}`);
    expect(routes.filter((route, index) => routes.indexOf(route) !== index)).toEqual([]);
  });

  it('describes each part of a path, and refuses unknown fields in every body', () => {
    for (const { path, params, body } of endpoints) {
      const parts = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name);
      expect(Object.keys(params?.shape ?? {})).toEqual(parts);
      if (body) expect(body.safeParse({ nobodyKnowsThis: 1 }).success).toBe(false);
    }
  });
});

describe('the AsyncAPI document', () => {
  it('has a message for every published type, in one channel', () => {
    const document = z
      .looseObject({
        channels: z.object({ events: z.looseObject({ messages: z.record(z.string(), z.unknown()) }) }),
        components: z.looseObject({ messages: z.record(z.string(), z.unknown()) }),
      })
      .parse(drawAsyncApi());
    const types = Object.keys(document.components.messages);
    expect(types).toEqual(expect.arrayContaining(['InstanceRequested', 'ProcessEnded']));
    expect(Object.keys(document.channels.events.messages)).toEqual(types);
  });
});
