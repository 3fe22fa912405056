import { z } from 'zod';
import { Time, endpoint, roles } from '../endpoint.js';

export const login = {
  login: endpoint({
    method: 'post',
    path: '/v1/login',
    summary: 'Log in with a name or an e-mail address and a password: begins a session of twelve hours',
    tag: 'login',
    access: 'anonymous',
    body: z.strictObject({
      user: z.string().min(1).max(254).describe('Name or e-mail address'),
      password: z.string().min(1).max(512),
      tenant: z
        .string()
        .min(1)
        .max(64)
        .default('default')
        .describe('The tenant that the user belongs to, by id or name'),
    }),
    status: 201,
    answer: z.object({
      key: z.string().describe('Send it as `Authorization: Bearer <key>`; it is shown this once'),
      keyId: z.string().describe('Revoke it by this id to log out'),
      expiresAt: Time,
      userId: z.string(),
      name: z.string(),
      tenantId: z.string().describe('The tenant that is acted for unless `Strata-Tenant` names another'),
      role: z.enum(roles),
      tenants: z
        .array(z.object({ id: z.string(), name: z.string(), role: z.enum(roles) }))
        .describe('Every tenant that the user has a role in'),
    }),
    errors: ['login.failed', 'login.throttled'],
  }),
};
