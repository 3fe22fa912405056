import { z } from 'zod';
import { Time, endpoint, mutationQuery, pageOf, pageQuery } from './endpoint.js';
import { Operation } from './operation.js';

/** A field of a thing as it is shown, before and after; `null` where there was, or is, nothing. */
const Change = z.object({ field: z.string(), before: z.unknown(), after: z.unknown() });
export type Change = z.infer<typeof Change>;

/** What somebody asked for, and what it changed. */
export const Activity = z.object({
  id: z.string().describe('The request'),
  eventId: z.string(),
  position: z.int(),
  at: Time,
  actor: z.string(),
  tenantId: z.string(),
  verb: z.string(),
  resource: z.object({ type: z.string(), id: z.string() }),
  result: z.enum(['running', 'undoing', 'succeeded', 'failed', 'cancelled']),
  reason: z.string().nullable(),
  operationId: z.string().nullable(),
  endedAt: Time.nullable(),
  changes: z.array(Change),
  cannotUndo: z.string().nullable().describe('Why `POST /v1/undo/{id}` could not take it back; null: it could'),
});
export type Activity = z.infer<typeof Activity>;

export const activity = {
  list: endpoint({
    method: 'get',
    path: '/v1/activity',
    summary: 'List who asked for what, newest first, with what it changed',
    tag: 'activity',
    access: 'viewer',
    query: z.object({
      ...pageQuery,
      resource: z.string().max(64).optional().describe('Only what was asked of this thing'),
      actor: z.string().max(64).optional().describe('Only what was asked by this person'),
    }),
    status: 200,
    answer: pageOf(Activity),
    errors: [],
  }),
  undo: endpoint({
    method: 'post',
    path: '/v1/undo/:id',
    summary: 'Take back what was asked: by the id of the request, its operation or its event, or of the thing',
    tag: 'activity',
    access: 'operator',
    params: z.object({ id: z.string().max(64) }),
    query: z.object(mutationQuery),
    status: 202,
    answer: Operation,
    errors: [
      'event.not-found',
      'undo.impossible',
      'undo.superseded',
      'instance.not-found',
      'instance.wrong-state',
      'instance.busy',
      'flavor.exists',
      'flavor.not-found',
      'host.not-found',
    ],
  }),
};
