import { z } from 'zod';
import { Time, asOf, endpoint, pageOf, pageQuery } from './endpoint.js';

export const OperationStep = z.object({
  name: z.string(),
  status: z.enum(['waiting', 'running', 'succeeded', 'failed', 'undoing', 'undone']),
  startedAt: Time.nullable(),
  endedAt: Time.nullable(),
  progress: z.object({ done: z.number(), total: z.number(), note: z.string() }).nullable(),
});

/** Work that takes time: every mutation that does not end at once is one of these. */
export const Operation = z.object({
  id: z.string(),
  name: z.string().describe('What is done, such as `provision-instance`'),
  status: z.enum(['running', 'undoing', 'succeeded', 'failed', 'cancelled']),
  task: z.string().nullable().describe('The step that runs now'),
  statusReason: z.string().nullable(),
  code: z.string().nullable().describe('Why it failed, for programs'),
  createdAt: Time,
  endedAt: Time.nullable(),
  dueAt: Time.nullable().describe('When the running step is given up'),
  cancellable: z.boolean(),
  resource: z.object({ type: z.string(), id: z.string() }),
  steps: z.array(OperationStep),
  labels: z.record(z.string(), z.string()),
});
export type Operation = z.infer<typeof Operation>;

const one = z.object({ id: z.string().max(64) });

export const operations = {
  list: endpoint({
    method: 'get',
    path: '/v1/operations',
    summary: 'List operations, newest first',
    tag: 'operations',
    access: 'viewer',
    query: z.object({ ...pageQuery, resource: z.string().max(64).optional(), status: z.string().max(20).optional() }),
    status: 200,
    answer: pageOf(Operation),
    errors: [],
  }),
  show: endpoint({
    method: 'get',
    path: '/v1/operations/:id',
    summary: 'Show an operation with its steps',
    tag: 'operations',
    access: 'viewer',
    params: one,
    query: asOf,
    status: 200,
    answer: Operation,
    errors: ['operation.not-found'],
  }),
  cancel: endpoint({
    method: 'post',
    path: '/v1/operations/:id/cancel',
    summary: 'Call off an operation: what was done is handed back',
    tag: 'operations',
    access: 'operator',
    params: one,
    status: 202,
    answer: Operation,
    errors: ['operation.not-found', 'operation.ended', 'operation.not-cancellable'],
  }),
};
