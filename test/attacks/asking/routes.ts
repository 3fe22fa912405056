import { roles } from '@strata/contracts';
import { z } from 'zod';

/** JSON Schema as the document has it: a tree that is read as one goes. */
export type Schema = Readonly<Record<string, unknown>>;

export type Parameter = Readonly<{ name: string; schema: Schema }>;

/** One route as an attacker reads it in the OpenAPI document. */
export type Route = Readonly<{
  /** `instances.create` */
  name: string;
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With `{id}`, as in `/v1/instances/{id}`. */
  path: string;
  access: (typeof accesses)[number];
  inPath: readonly Parameter[];
  inQuery: readonly Parameter[];
  body: Schema | undefined;
  streams: boolean;
  status: number;
}>;

const accesses = ['anonymous', ...roles] as const;

const Node = z.record(z.string(), z.unknown());
const Parameter = z.object({ name: z.string(), in: z.enum(['path', 'query']), schema: Node });
const Operation = z.object({
  operationId: z.string(),
  // A route that says nothing of who may ask is not read any further: the test that reads the document fails.
  'x-strata-access': z.enum(accesses),
  parameters: z.array(z.union([Parameter, z.object({ $ref: z.string() })])),
  requestBody: z.object({ content: z.object({ 'application/json': z.object({ schema: Node }) }) }).optional(),
  responses: z.record(z.string(), z.object({ content: Node.optional() })),
});
const methods = ['get', 'post', 'put', 'patch', 'delete'] as const;
const Document = z.object({
  paths: z.record(z.string(), z.partialRecord(z.enum(methods), Operation)),
  components: z.object({ schemas: z.record(z.string(), Node) }),
});

/** What the document says that there is to be asked. */
export class Api {
  /** @throws when a route says nothing of who may ask */
  static read(document: unknown): Api {
    const { paths, components } = Document.parse(document);
    const routes = Object.entries(paths).flatMap(([path, verbs]) =>
      methods.flatMap((method) => {
        const operation = verbs[method];
        return operation ? [routeOf(path, method, operation)] : [];
      }),
    );
    return new Api(routes, components.schemas);
  }

  private constructor(
    readonly routes: readonly Route[],
    private readonly schemas: Readonly<Record<string, Schema>>,
  ) {}

  /** Those that change something. */
  get mutations(): readonly Route[] {
    return this.routes.filter(({ method }) => method !== 'GET');
  }

  /** @throws when there is none of this name */
  route(name: string): Route {
    const found = this.routes.find((it) => it.name === name);
    if (!found) throw new Error(`the document has no route ${name}`);
    return found;
  }

  /** A schema without the reference that stands in its place. */
  resolve(schema: Schema): Schema {
    const { $ref } = schema;
    if (typeof $ref !== 'string') return schema;
    const target = this.schemas[$ref.slice($ref.lastIndexOf('/') + 1)];
    if (!target) throw new Error(`${$ref} leads nowhere`);
    return target;
  }
}

const routeOf = (path: string, method: (typeof methods)[number], operation: z.infer<typeof Operation>): Route => {
  const parameters = operation.parameters.flatMap((it) => ('in' in it ? [it] : []));
  const [status = ''] = Object.keys(operation.responses);
  return {
    name: operation.operationId,
    // The five that the document may have, in the letters of HTTP.
    method: method.toUpperCase() as Route['method'],
    path,
    access: operation['x-strata-access'],
    inPath: parameters.filter((it) => it.in === 'path'),
    inQuery: parameters.filter((it) => it.in === 'query'),
    body: operation.requestBody?.content['application/json'].schema,
    streams: Object.hasOwn(operation.responses[status]?.content ?? {}, 'text/event-stream'),
    status: Number(status),
  };
};

/** The first word of a route's path below `/v1`. */
export const nounOf = ({ path }: Pick<Route, 'path'>): string => /^\/v1\/([a-z-]+)/.exec(path)?.[1] ?? '';
