import { z } from 'zod';
import { Cause, CloudEvent } from '../event.js';
import { InstanceSpec } from '../iaas/create-instance.js';
import { InstanceView } from '../iaas/instance.js';
import {
  FlavorSpec,
  FlavorView,
  HostView,
  ImageView,
  NetworkView,
  PoolView,
  QuotaView,
  VolumeView,
} from '../iaas/resources.js';
import { KeySpec, KeyView } from '../identity/key.js';
import { TenantView } from '../identity/tenant.js';
import { UserSpec, UserView } from '../identity/user.js';
import { Operation, OperationStep } from '../operation.js';
import { Problem } from '../problem.js';

export type Json = Readonly<Record<string, unknown>>;

/** The shapes that have a name in the documents; all others are drawn where they are used. */
const named = {
  Cause,
  CloudEvent,
  FlavorSpec,
  FlavorView,
  HostView,
  ImageView,
  InstanceSpec,
  InstanceView,
  KeySpec,
  KeyView,
  NetworkView,
  Operation,
  OperationStep,
  PoolView,
  Problem,
  QuotaView,
  TenantView,
  UserSpec,
  UserView,
  VolumeView,
};

const registry = z.registry<{ id: string }>();
for (const [id, shape] of Object.entries(named)) registry.add(shape, { id });

export const schemaRef = (name: keyof typeof named): Json => ({ $ref: `#/components/schemas/${name}` });

/** A shape as JSON Schema (draft 2020-12) as senders see it: what has a default may be left out. */
export const schemaOf = (shape: z.ZodType): Json => {
  const name = registry.get(shape)?.id;
  return name === undefined ? withoutDefinitions(drawn(shape)) : { $ref: `#/components/schemas/${name}` };
};

/** Every named shape. */
export const namedSchemas = (): Json =>
  Object.fromEntries(
    Object.entries(named).map(([name, shape]) => {
      const { $defs, ...schema } = drawn(shape);
      // A shape that contains itself is drawn as a reference into its own definitions.
      const own = { ...$defs }[name];
      return [name, inComponents(schema.$ref === undefined ? schema : own)];
    }),
  );

const drawn = (shape: z.ZodType) => {
  const schema = z.toJSONSchema(shape, {
    io: 'input',
    metadata: registry,
    // Names come from the registry above, descriptions from the shapes themselves.
    override: ({ zodSchema, jsonSchema }) => {
      const { description } = z.globalRegistry.get(zodSchema) ?? {};
      if (description !== undefined) jsonSchema.description = description;
      // The format says it; the pattern beside it is four lines long.
      if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
    },
  });
  delete schema.$schema;
  return schema;
};

const withoutDefinitions = ({ $defs: _, ...schema }: Json): Json => inComponents(schema) as Json; // An object stays one.

/** Points references at the document's components, and drops the bounds that only say "a safe integer". */
const inComponents = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(inComponents);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, it]: [string, unknown]) => {
      if (key === 'id' && typeof it === 'string') return [];
      if (Math.abs(Number(it)) === Number.MAX_SAFE_INTEGER) return [];
      if (key === '$ref' && typeof it === 'string') return [[key, it.replace('#/$defs/', '#/components/schemas/')]];
      return [[key, inComponents(it)]];
    }),
  );
};
