import { z } from 'zod';

/** Who may ask: each role may do what the ones before it may. */
export const roles = ['viewer', 'operator', 'admin', 'owner', 'platform-administrator'] as const;
export type Role = (typeof roles)[number];

export const isAtLeast = (role: Role, needed: Role) => roles.indexOf(role) >= roles.indexOf(needed);

/** One operation of the public API, said once: the binding, the client and the OpenAPI document are drawn from it. */
export type Endpoint = Readonly<{
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** With `:params` as in `/v1/instances/:id`. */
  path: string;
  summary: string;
  tag: string;
  access: Role | 'anonymous';
  status: 200 | 201 | 202 | 204;
  params?: z.ZodObject;
  query?: z.ZodObject;
  body?: z.ZodType;
  answer: z.ZodType;
  /** Codes of the problems that this endpoint answers beside the common ones. */
  errors: readonly string[];
  /**
   * Whether the answer may be a stream instead of one document: of server-sent events (`events` resume behind a position,
   * `progress` ends with what came of it), or of `lines`, each a document.
   */
  streams?: 'events' | 'progress' | 'lines';
  /** Why what is read here has no past. */
  timeless?: string;
  /**
   * `free`: it takes no place among the requests that are worked on, of which there are few: it waits for a guest and not for
   * us, or must be answered above all when too much is asked.
   */
  admission?: 'free';
  /** Fields of the answer that are told once: they are not kept with an Idempotency-Key, and `null` in repeats. */
  shownOnce?: readonly string[];
  /** The body holds a secret: nothing is kept that could be compared with guesses at it. */
  secretBody?: true;
}>;

/** What is read can be read as it was; or it is said why not. */
type Readable = Readonly<{ query: Readonly<{ shape: typeof past }> }> | Readonly<{ timeless: string }>;
type Answerable<E> = E extends Readonly<{ method: 'get' }> ? Readable : unknown;

/**
 * Keeps the exact types of the parts, so that a controller that answers another shape does not compile. Neither does an
 * endpoint that reads and forgets the past.
 */
export const endpoint = <const E extends Endpoint>(it: E & Answerable<E>): E => it;

export type BodyOf<E extends Endpoint> = E extends { body: infer B extends z.ZodType } ? z.output<B> : undefined;
export type QueryOf<E extends Endpoint> = E extends { query: infer Q extends z.ZodObject } ? z.output<Q> : object;
export type ParamsOf<E extends Endpoint> = E extends { params: infer P extends z.ZodObject } ? z.output<P> : object;
export type AnswerOf<E extends Endpoint> = z.input<E['answer']>;

// ── Shapes that every list and every thing shares ─────────────────

/** A page of a list: ask again with `pageToken` = `nextPageToken` until there is none. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextPageToken: z.string().nullable() });

const isInstant = (text: string) => /^\d{1,15}$/.test(text) || z.iso.datetime({ offset: true }).safeParse(text).success;

/** An instant of the past: a position of the log, or a time, which stands for the last event stored by then. */
export type Instant = Readonly<{ position: number }> | Readonly<{ time: string }>;

/** `?at=` answers what the same request would have answered then. Whatever is read takes it. */
const past = {
  at: z
    .string()
    .max(40)
    .refine(isInstant, 'use a time (RFC 3339) or a position of the log')
    .transform((text): Instant => (/^\d+$/.test(text) ? { position: Number(text) } : { time: text }))
    .optional()
    .describe('As it was at this time (RFC 3339), or when the log had come to this position'),
};

/** The query of an endpoint that shows one thing. */
export const asOf = z.object(past);

export const pageQuery = {
  pageSize: z.coerce.number().int().min(1).max(1000).default(100),
  pageToken: z.string().max(500).optional(),
  ...past,
};

/** `?validateOnly=true` answers as the real request would, and changes nothing. */
export const mutationQuery = { validateOnly: z.enum(['true', 'false']).default('false') };

const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** A name as in the DNS: lower-case letters, digits and hyphens, at most 63. */
export const Name = z
  .string()
  .regex(label, 'use 1 to 63 lower-case letters, digits and hyphens, not at the ends')
  .describe('Unique within the tenant');

export const Labels = z
  .record(z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9._/-]{0,62}$/), z.string().max(255))
  .refine((it) => Object.keys(it).length <= 32, 'at most 32 labels');

export const Time = z.iso.datetime();

/** An id that explains itself: `inst_01h…`. The asker may choose it, so that asking twice is asking once. */
export const idOf = <const Prefix extends string>(prefix: Prefix) =>
  z.templateLiteral([`${prefix}_`, z.string().regex(/^[0-9a-z]{1,40}$/)]);

/** What every thing that is shown carries. */
export const thing = {
  name: z.string(),
  status: z.string(),
  task: z.string().nullable(),
  statusReason: z.string().nullable(),
  createdAt: Time,
  labels: Labels,
};
