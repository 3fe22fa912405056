import { z } from 'zod';
import { Time, asOf, endpoint, pageOf, pageQuery } from './endpoint.js';

/** An event as outsiders see it: a CloudEvents 1.0 envelope with the position in the log and its cause. */
export const CloudEvent = z.object({
  specversion: z.literal('1.0'),
  id: z.string(),
  source: z.string(),
  type: z.string(),
  subject: z.string(),
  time: Time,
  datacontenttype: z.literal('application/json'),
  data: z.record(z.string(), z.unknown()),
  position: z.int().describe('Contiguous within the source: the next event has the next number'),
  tenantid: z.string(),
  actor: z.string(),
  correlationid: z.string().describe('The request that it all began with'),
  causationid: z.string().describe('The event or request that caused this one'),
});
export type CloudEvent = z.infer<typeof CloudEvent>;

/** One node of the tree of causes: a request, an event, a call to the hypervisor, or a thing that several requests were about. */
export type Cause = Readonly<{
  id: string;
  kind: 'request' | 'event' | 'call' | 'thing';
  what: string;
  at: string | null;
  position: number | null;
  source: string | null;
  by: string | null;
  effects: readonly Cause[];
}>;
export const Cause: z.ZodType<Cause> = z.lazy(() =>
  z.object({
    id: z.string(),
    kind: z.enum(['request', 'event', 'call', 'thing']),
    what: z.string(),
    at: z.string().nullable(),
    position: z.number().nullable(),
    source: z.string().nullable().describe('The service in whose log the position is: `/iaas`, `/identity`'),
    by: z.string().nullable(),
    effects: z.array(Cause),
  }),
);

const filters = {
  since: z.coerce.number().int().min(0).default(0).describe('Events after this position'),
  resource: z.string().max(64).optional(),
  type: z.string().max(100).optional(),
};

export const events = {
  list: endpoint({
    method: 'get',
    path: '/v1/events',
    summary:
      'List events in the order of the log, or follow them as server-sent events (Accept: text/event-stream; Last-Event-ID resumes)',
    tag: 'events',
    access: 'viewer',
    query: z.object({ ...pageQuery, ...filters }),
    status: 200,
    answer: pageOf(CloudEvent),
    errors: [],
    streams: 'events',
  }),
  why: endpoint({
    method: 'get',
    path: '/v1/why/:id',
    summary: 'The tree of causes and effects of a thing, an operation or an event',
    tag: 'events',
    access: 'viewer',
    params: z.object({ id: z.string().max(64).describe('Id, or the name of an instance, image or network') }),
    query: asOf,
    status: 200,
    answer: z.object({ id: z.string(), roots: z.array(Cause) }),
    errors: ['event.not-found'],
  }),
};
