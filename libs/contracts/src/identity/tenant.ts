import { z } from 'zod';
import { Name, asOf, endpoint, idOf, mutationQuery, pageOf, pageQuery, roles, thing } from '../endpoint.js';

const one = z.object({ id: z.string().max(64).describe('Id or name') });
const query = z.object(mutationQuery);

export const TenantView = z.object({
  id: z.string(),
  ...thing,
  role: z.enum(roles).nullable().describe('What the asker may do in it'),
});
export type TenantView = z.infer<typeof TenantView>;

/** Who owns things. */
export const tenants = {
  list: endpoint({
    method: 'get',
    path: '/v1/tenants',
    summary: 'List the tenants that the asker has a role in; an administrator of the platform sees all',
    tag: 'tenants',
    access: 'viewer',
    query: z.object(pageQuery),
    status: 200,
    answer: pageOf(TenantView),
    errors: [],
  }),
  show: endpoint({
    method: 'get',
    path: '/v1/tenants/:id',
    summary: 'Show a tenant',
    tag: 'tenants',
    access: 'viewer',
    params: one,
    query: asOf,
    status: 200,
    answer: TenantView,
    errors: ['tenant.not-found'],
  }),
  create: endpoint({
    method: 'post',
    path: '/v1/tenants',
    summary: 'Create a tenant',
    tag: 'tenants',
    access: 'platform-administrator',
    query,
    body: z.strictObject({
      id: idOf('ten').optional().describe('Chosen by the asker, so that asking twice is asking once'),
      name: Name.describe('Unique within the platform'),
    }),
    status: 201,
    answer: TenantView,
    errors: ['tenant.name-taken', 'tenant.exists'],
  }),
  delete: endpoint({
    method: 'delete',
    path: '/v1/tenants/:id',
    summary: 'Delete a tenant that has no things any more: its users are erased, its keys and sessions end at once',
    tag: 'tenants',
    access: 'platform-administrator',
    params: one,
    query,
    status: 200,
    answer: TenantView,
    errors: ['tenant.not-found', 'tenant.not-empty', 'tenant.protected', 'tenant.last-owner'],
  }),
};
