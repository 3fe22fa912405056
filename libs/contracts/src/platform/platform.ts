import { z } from 'zod';
import { Time, endpoint, roles } from '../endpoint.js';

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
    errors: [],
  }),
  status: endpoint({
    method: 'get',
    path: '/v1/status',
    summary: 'What runs where, in short',
    tag: 'platform',
    access: 'viewer',
    status: 200,
    answer: z.object({
      version: z.string(),
      hypervisor: z.string(),
      position: z.number(),
      instances: z.record(z.string(), z.number()),
      hosts: z.record(z.string(), z.number()),
      runningOperations: z.number(),
    }),
    errors: [],
  }),
};
