import fc from 'fast-check';
import { z } from 'zod';
import type { Api, Route, Schema } from './routes.js';

const Shape = z.object({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  enum: z.array(z.unknown()).optional(),
  const: z.unknown().optional(),
  pattern: z.string().optional(),
  format: z.string().optional(),
  minLength: z.number().default(0),
  maxLength: z.number().default(40),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  minItems: z.number().default(0),
  maxItems: z.number().default(4),
  items: z.record(z.string(), z.unknown()).optional(),
  properties: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
  required: z.array(z.string()).default([]),
  propertyNames: z.record(z.string(), z.unknown()).optional(),
  additionalProperties: z.union([z.boolean(), z.record(z.string(), z.unknown())]).optional(),
  anyOf: z.array(z.record(z.string(), z.unknown())).optional(),
});

/** Patterns that fast-check cannot turn round, with values that they allow. */
const knownPatterns: readonly (readonly [RegExp, fc.Arbitrary<string>])[] = [
  [/\\p\{Cc\}.*@/, fc.constantFrom('anna@example.org', 'o@e.x', '用户@例子.广告')],
  [/\\p\{Cc\}/, fc.string({ minLength: 1, maxLength: 60, unit: 'grapheme-composite' })],
  [
    /\(ssh\|ecdsa\|sk\)/,
    fc.constantFrom('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ', 'ssh-rsa AAAAB3 somebody@somewhere'),
  ],
];

const text = ({ pattern, format, minLength, maxLength, enum: words }: z.infer<typeof Shape>): fc.Arbitrary<unknown> => {
  if (words) return fc.constantFrom(...words);
  if (format === 'date-time') return fc.date({ noInvalidDate: true }).map((it) => it.toISOString());
  if (pattern === undefined) return fc.string({ minLength, maxLength: Math.min(maxLength, 60) });
  const known = knownPatterns.find(([it]) => it.test(pattern))?.[1];
  return known ?? fc.stringMatching(new RegExp(pattern)).filter((it) => it.length <= Math.max(maxLength, 64));
};

const amount = ({ minimum = -1e6, maximum = 1e9 }: z.infer<typeof Shape>) =>
  fc.oneof(fc.integer({ min: Math.ceil(minimum), max: Math.floor(maximum) }), fc.constantFrom(minimum, maximum));

/** Values that a schema of the document allows. */
export const valuesOf = (api: Api, given: Schema): fc.Arbitrary<unknown> => {
  const shape = Shape.parse(api.resolve(given));
  if (shape.anyOf) return fc.oneof(...shape.anyOf.map((it) => valuesOf(api, it)));
  if (shape.const !== undefined) return fc.constant(shape.const);
  switch (shape.type) {
    case 'string':
      return text(shape);
    case 'integer':
    case 'number':
      return amount(shape);
    case 'boolean':
      return fc.boolean();
    case 'array': {
      const { minItems: minLength, maxItems } = shape;
      return fc.array(valuesOf(api, shape.items ?? {}), { minLength, maxLength: Math.min(maxItems, 5) });
    }
    case 'object':
      return thing(api, shape);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
};

const thing = (api: Api, shape: z.infer<typeof Shape>): fc.Arbitrary<unknown> => {
  const { properties = {}, required, propertyNames, additionalProperties } = shape;
  if (typeof additionalProperties === 'object') {
    // The names of a record are strings, by JSON.
    const names = valuesOf(api, propertyNames ?? { type: 'string' }) as fc.Arbitrary<string>;
    return fc.dictionary(names, valuesOf(api, additionalProperties), { maxKeys: 4 });
  }
  const known = Object.entries(properties).map(([name, it]) => [name, valuesOf(api, it)] as const);
  return fc.record(Object.fromEntries(known), { requiredKeys: required });
};

// ── Where text goes ──────────────────────────────────────────────

/** A place in a body at which text may stand, such as `['sshKeys', 0]`; `NAME` stands for the name of a field of one's own. */
export type Place = readonly (string | number)[];
export const NAME = '*name*';

/** Every place of a body that takes text that is more than one of a few words. */
export const textPlacesOf = (api: Api, given: Schema, at: Place = []): readonly Place[] => {
  const shape = Shape.parse(api.resolve(given));
  if (shape.anyOf) return shape.anyOf.flatMap((it) => textPlacesOf(api, it, at));
  if (shape.type === 'string') return shape.enum || shape.const !== undefined ? [] : [at];
  if (shape.type === 'array') return textPlacesOf(api, shape.items ?? {}, [...at, 0]);
  const own = Object.entries(shape.properties ?? {}).flatMap(([name, it]) => textPlacesOf(api, it, [...at, name]));
  if (typeof shape.additionalProperties !== 'object') return own;
  return [...own, [...at, NAME], ...textPlacesOf(api, shape.additionalProperties, [...at, 'name'])];
};

/** A copy of a body with a value in one place, made where there is none. */
export const withValue = (body: unknown, [first, ...rest]: Place, value: unknown): unknown => {
  if (first === undefined) return value;
  if (typeof first === 'number') {
    const list: readonly unknown[] = Array.isArray(body) ? body : [];
    return [...list.slice(0, first), withValue(list[first], rest, value), ...list.slice(first + 1)];
  }
  const fields = typeof body === 'object' && body !== null ? body : {};
  if (first === NAME) return { ...fields, [String(value)]: 'value' };
  // The field of an object of JSON.
  return { ...fields, [first]: withValue((fields as Record<string, unknown>)[first], rest, value) };
};

// ── One request that succeeds ────────────────────────────────────

/** What names something that is there, or has a rule that no schema tells. */
const sayings: Readonly<Record<string, unknown>> = {
  image: 'tiny',
  flavor: 'nano',
  network: 'default',
  recipe: 'tiny',
  role: 'viewer',
  password: 'a password of some length',
  argv: ['true'],
  vcpus: 1,
  memoryMiB: 512,
  diskGiB: 4,
};

/** A body with the fields that must be there, and those that `more` says. The same name gives the same body. */
export const sampleBody = (api: Api, route: Route, name: string, more: object = {}): object | undefined => {
  if (!route.body) return undefined;
  const { properties = {}, required } = Shape.parse(api.resolve(route.body));
  const wanted = Object.keys(properties).filter((key) => required.includes(key) || key === 'flavor');
  const values = wanted.map((key): [string, unknown] => [
    key,
    key === 'name' ? name : (sayings[key] ?? example(api, properties[key] ?? {})),
  ]);
  return Object.assign(Object.fromEntries<unknown>(values), more);
};

const example = (api: Api, schema: Schema) => fc.sample(valuesOf(api, schema), { numRuns: 1, seed: 1 })[0];
