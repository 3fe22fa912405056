import { z } from 'zod';
import { asOf, endpoint, mutationQuery } from '../endpoint.js';

/** Thirty days. */
const longestKept = 30 * 24 * 3600;
export const SettingsView = z.object({
  tenantId: z.string(),
  keepDeletedSeconds: z.number().describe('How long a deleted instance can be restored; 0: it is gone at once'),
});
export type SettingsView = z.infer<typeof SettingsView>;

export const settings = {
  show: endpoint({
    method: 'get',
    path: '/v1/settings',
    summary: 'Show how the tenant wants things done',
    tag: 'settings',
    access: 'viewer',
    query: asOf,
    status: 200,
    answer: SettingsView,
    errors: [],
  }),
  set: endpoint({
    method: 'put',
    path: '/v1/settings',
    summary: 'Change settings; what is left out stays',
    tag: 'settings',
    access: 'admin',
    query: z.object(mutationQuery),
    body: z.strictObject({ keepDeletedSeconds: z.int().min(0).max(longestKept).optional() }),
    status: 200,
    answer: SettingsView,
    errors: [],
  }),
};
