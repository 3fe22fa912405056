import { z } from 'zod';
import { Name, Time, asOf, endpoint, mutationQuery, pageOf, pageQuery, roles, thing } from '../endpoint.js';

const one = z.object({ id: z.string().max(64).describe('Id, or a name that only one of the own keys has') });
const query = z.object(mutationQuery);

const Role = z.enum(roles);
const Noun = z.string().regex(/^[a-z]{1,30}$/);

/** How much less a key may do than the user that it stands for. */
export const KeySpec = z.strictObject({
  name: Name.refine((it) => it !== 'first-administrator', 'this name is for the key in credentials.json').describe(
    'What it is for',
  ),
  role: Role.optional().describe('At most the own one, which it is when left out'),
  readOnly: z.boolean().default(false).describe('It may look and change nothing'),
  only: z.array(Noun).min(1).max(30).optional().describe('Tags of the endpoints that it may ask: `instances`, …'),
  expiresAt: Time.optional().describe('From then on it is unknown; at most that of the key that asks'),
  user: z.string().max(64).optional().describe('Whom it stands for, by id or name; only administrators name others'),
});
export type KeySpec = z.output<typeof KeySpec>;

export const KeyView = z.object({
  id: z.string(),
  ...thing,
  status: z.enum(['active', 'expired', 'revoked']),
  kind: z.enum(['key', 'session']).describe('A session comes from a login and serves all tenants of its user'),
  userId: z.string(),
  tenantId: z.string(),
  role: Role,
  readOnly: z.boolean(),
  only: z.array(z.string()).nullable(),
  expiresAt: Time.nullable(),
  createdFrom: z.string().nullable().describe('The address that a session was begun from'),
  lastUsedAt: Time.nullable().describe(
    'Since the server was started; kept in no log: `null` in what is shown of the past',
  ),
});
export type KeyView = z.infer<typeof KeyView>;

/** What a program carries, and what a login gives. */
export const keys = {
  list: endpoint({
    method: 'get',
    path: '/v1/keys',
    summary: 'List the own keys and sessions; an administrator may ask for those of a user, or of all',
    tag: 'keys',
    access: 'viewer',
    query: z.object({ ...pageQuery, user: z.string().max(64).optional().describe('Id or name; `all`: of everybody') }),
    status: 200,
    answer: pageOf(KeyView),
    errors: ['user.not-found'],
  }),
  show: endpoint({
    method: 'get',
    path: '/v1/keys/:id',
    summary: 'Show a key, without its secret',
    tag: 'keys',
    access: 'viewer',
    params: one,
    query: asOf,
    status: 200,
    answer: KeyView,
    errors: ['key.not-found', 'key.ambiguous'],
  }),
  create: endpoint({
    method: 'post',
    path: '/v1/keys',
    summary: 'Create a key; its secret is shown this once',
    tag: 'keys',
    access: 'viewer',
    query,
    body: KeySpec,
    status: 201,
    answer: KeyView.extend({
      secret: z.string().nullable().describe('The key itself. It is stored nowhere: repeats of the request show none'),
    }),
    shownOnce: ['secret'],
    errors: ['user.not-found', 'key.too-many'],
  }),
  delete: endpoint({
    method: 'delete',
    path: '/v1/keys/:id',
    summary: 'Revoke a key or a session: it is unknown at once, and streams that it has opened end',
    tag: 'keys',
    access: 'viewer',
    params: one,
    query,
    status: 200,
    answer: KeyView,
    errors: ['key.not-found', 'key.ambiguous'],
  }),
};
