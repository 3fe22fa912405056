import { z } from 'zod';
import { Time, asOf, endpoint, roles } from '../endpoint.js';

const Health = z.object({ status: z.enum(['ok', 'starting', 'degraded']), checks: z.record(z.string(), z.string()) });

/** The platform itself. */
export const platform = {
  health: endpoint({
    method: 'get',
    path: '/healthz',
    summary: 'Whether the process lives',
    tag: 'platform',
    access: 'anonymous',
    status: 200,
    answer: z.object({ status: z.literal('ok') }),
    timeless: 'it is about the process that answers',
    errors: [],
  }),
  ready: endpoint({
    method: 'get',
    path: '/readyz',
    summary: 'Whether requests are served',
    tag: 'platform',
    access: 'anonymous',
    status: 200,
    answer: Health,
    timeless: 'it is about the process that answers',
    errors: ['service.unavailable'],
  }),
  openapi: endpoint({
    method: 'get',
    path: '/v1/openapi.json',
    summary: 'This document',
    tag: 'platform',
    access: 'anonymous',
    status: 200,
    answer: z.record(z.string(), z.unknown()),
    timeless: 'it is the document of the version that answers',
    errors: [],
  }),
  whoami: endpoint({
    method: 'get',
    path: '/v1/whoami',
    summary: 'Who the key belongs to',
    tag: 'platform',
    access: 'viewer',
    status: 200,
    answer: z.object({
      userId: z.string(),
      tenantId: z.string(),
      role: z.enum(roles),
      keyId: z.string(),
      expiresAt: Time.optional(),
      readOnly: z.literal(true).optional(),
      only: z.array(z.string()).optional(),
    }),
    timeless: 'it is about the key that asks',
    errors: [],
  }),
  status: endpoint({
    method: 'get',
    path: '/v1/status',
    summary: 'What runs where, in short',
    tag: 'platform',
    access: 'viewer',
    query: asOf,
    status: 200,
    answer: z.object({
      version: z.string().nullable().describe('Of the server that answers; `null` in what is shown of the past'),
      hypervisor: z.string().nullable().describe('What drives the first host now; `null` in what is shown of the past'),
      position: z.number(),
      instances: z.record(z.string(), z.number()),
      hosts: z.record(z.string(), z.number()),
      runningOperations: z.number(),
    }),
    errors: [],
  }),
};
