import { z } from 'zod';
import { Name, asOf, endpoint, mutationQuery, pageOf, pageQuery, roles, thing } from '../endpoint.js';

const one = z.object({ id: z.string().max(64).describe('Id or name') });
const query = z.object(mutationQuery);

const Role = z.enum(roles);

const Email = z
  .string()
  .max(254)
  .regex(/^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u, 'use an address such as anna@example.org');

/** Whoever can guess at most 20 times a minute needs no rules of characters, but length. */
const Password = z
  .string()
  .min(12, 'use at least 12 characters')
  .max(512, 'use at most 512 characters')
  .describe('12 to 512 characters');

export const UserSpec = z.strictObject({
  name: Name.describe('What the user logs in with; unique within the tenant'),
  email: Email.optional().describe('May be used to log in, too; unique within the tenant'),
  displayName: z
    .string()
    .min(1)
    .max(200)
    .regex(/^[^\p{Cc}]*$/u, 'use no control characters')
    .optional(),
  role: Role.optional().describe('In the tenant that is acted for; none: the user may do nothing yet'),
  password: Password.optional().describe('Without one the user cannot log in, but may have keys'),
});
export type UserSpec = z.output<typeof UserSpec>;

export const UserView = z.object({
  id: z.string(),
  ...thing,
  email: z.string().nullable(),
  displayName: z.string().nullable(),
  role: Role.nullable().describe('In the tenant that is acted for'),
  tenantId: z.string().describe('The tenant that the user belongs to, under which it logs in'),
  canLogIn: z.boolean().describe('Whether the user has a password'),
});
export type UserView = z.infer<typeof UserView>;

/** People, and programs that act like people. Names and addresses are sealed in the log, and gone when a user is deleted. */
export const users = {
  list: endpoint({
    method: 'get',
    path: '/v1/users',
    summary: 'List the users of the tenant, and those of others who have a role in it',
    tag: 'users',
    access: 'admin',
    query: z.object(pageQuery),
    status: 200,
    answer: pageOf(UserView),
    errors: [],
  }),
  show: endpoint({
    method: 'get',
    path: '/v1/users/:id',
    summary: 'Show a user; who is no administrator is shown itself only',
    tag: 'users',
    access: 'viewer',
    params: one,
    query: asOf,
    status: 200,
    answer: UserView,
    errors: ['user.not-found'],
  }),
  create: endpoint({
    method: 'post',
    path: '/v1/users',
    summary: 'Create a user in the tenant, with at most the own role',
    tag: 'users',
    access: 'admin',
    query,
    body: UserSpec,
    secretBody: true,
    status: 201,
    answer: UserView,
    errors: ['user.name-taken', 'tenant.not-found'],
  }),
  delete: endpoint({
    method: 'delete',
    path: '/v1/users/:id',
    summary: 'Delete a user of the tenant for ever: roles, keys and sessions end at once, personal data is erased',
    tag: 'users',
    access: 'admin',
    params: one,
    query,
    status: 200,
    answer: UserView,
    errors: ['user.not-found', 'user.elsewhere', 'user.protected', 'tenant.last-owner'],
  }),
  grant: endpoint({
    method: 'put',
    path: '/v1/users/:id/role',
    summary: 'Give a user a role in the tenant, at most the own one; it takes the place of an earlier role',
    tag: 'users',
    access: 'admin',
    params: one,
    query,
    body: z.strictObject({ role: Role }),
    status: 200,
    answer: UserView,
    errors: ['user.not-found', 'user.protected', 'tenant.last-owner', 'tenant.not-found'],
  }),
  revoke: endpoint({
    method: 'delete',
    path: '/v1/users/:id/role',
    summary: 'Take a user’s role in the tenant away: keys and sessions there end at once',
    tag: 'users',
    access: 'admin',
    params: one,
    query,
    status: 200,
    answer: UserView,
    errors: ['user.not-found', 'user.protected', 'tenant.last-owner'],
  }),
  password: endpoint({
    method: 'put',
    path: '/v1/users/:id/password',
    summary: 'Set the own password, which asks for the current one, or that of a user of the tenant',
    tag: 'users',
    access: 'viewer',
    params: one,
    query,
    body: z.strictObject({
      password: Password,
      current: z.string().max(512).optional().describe('The present password, when it is the own one that changes'),
    }),
    secretBody: true,
    status: 200,
    answer: UserView,
    errors: ['user.not-found', 'user.elsewhere', 'login.failed', 'login.throttled'],
  }),
};
