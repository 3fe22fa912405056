import { z } from 'zod';
import { Time, asOf, endpoint, mutationQuery, pageOf, pageQuery, thing } from '../endpoint.js';
import { Operation } from '../operation.js';
import { createInstance } from './create-instance.js';
import { explainInstance } from './explain-instance.js';

export const instanceStatuses = [
  'provisioning',
  'running',
  'stopped',
  'paused',
  'error',
  'deleted',
  'unknown',
] as const;
export type InstanceStatus = (typeof instanceStatuses)[number];

export const instanceTasks = [
  'scheduling',
  'building-disk',
  'starting',
  'stopping',
  'rebooting',
  'pausing',
  'resuming',
  'deleting',
] as const;
export type InstanceTask = (typeof instanceTasks)[number];

/**
 * The one table of transitions: what may be asked, in which statuses, where it leads, the task shown meanwhile and the
 * effect on the bill. The rules, the API document and the portal's buttons all read it.
 */
export const instanceCan = {
  start: { from: ['stopped'], to: 'running', task: 'starting', billing: 'runs' },
  stop: { from: ['running', 'paused'], to: 'stopped', task: 'stopping', billing: 'keeps' },
  reboot: { from: ['running'], to: 'running', task: 'rebooting', billing: 'runs' },
  pause: { from: ['running'], to: 'paused', task: 'pausing', billing: 'runs' },
  resume: { from: ['paused'], to: 'running', task: 'resuming', billing: 'runs' },
  delete: {
    from: ['running', 'stopped', 'paused', 'error', 'unknown', 'deleted'],
    to: 'deleted',
    task: 'deleting',
    billing: 'ends',
  },
  restore: { from: ['deleted'], to: 'stopped', task: 'starting', billing: 'keeps' },
} as const satisfies Record<
  string,
  Readonly<{
    from: readonly InstanceStatus[];
    to: InstanceStatus;
    task: InstanceTask;
    billing: 'runs' | 'keeps' | 'ends';
  }>
>;
export type InstanceVerb = keyof typeof instanceCan;

/** The verbs that the table allows in a status. */
export const allowedVerbs = (status: InstanceStatus | 'absent'): InstanceVerb[] =>
  (Object.keys(instanceCan) as InstanceVerb[]).filter((verb) => instanceCan[verb].from.some((from) => from === status)); // keys of the table are its verbs

export const InstanceView = z.object({
  id: z.string(),
  ...thing,
  status: z.enum(instanceStatuses),
  task: z.enum(instanceTasks).nullable(),
  tenantId: z.string(),
  image: z.string(),
  vcpus: z.number(),
  memoryMiB: z.number(),
  diskGiB: z.number(),
  network: z.string(),
  address: z.string().nullable(),
  mac: z.string().nullable(),
  hostId: z.string().nullable(),
  volumeId: z.string().nullable(),
  guestAgent: z.boolean().describe('Whether the agent inside the guest is connected'),
  can: z
    .array(z.enum(Object.keys(instanceCan) as [InstanceVerb, ...InstanceVerb[]]))
    .describe('The verbs that are allowed now'), // keys of the table, of which there is one at least
  operationId: z.string().nullable().describe('The operation that is at work on it'),
  deletedUntil: Time.nullable().describe('It is deleted, and can be restored until then'),
});
export type InstanceView = z.infer<typeof InstanceView>;

const one = z.object({ id: z.string().max(64).describe('Id or name') });
const query = z.object(mutationQuery);

const verb = <const V extends string>(name: V, summary: string, body: z.ZodType = z.strictObject({}).optional()) =>
  endpoint({
    method: 'post',
    path: `/v1/instances/:id/${name}`,
    summary,
    tag: 'instances',
    access: 'operator',
    params: one,
    query,
    body,
    status: 202,
    answer: Operation,
    errors: ['instance.not-found', 'instance.wrong-state', 'instance.busy'],
  });

/** How long a guest may take to shut down before it is forced. */
const Grace = z.strictObject({ graceSeconds: z.int().min(0).max(600).default(30) }).default({ graceSeconds: 30 });

export const instances = {
  create: createInstance,
  list: endpoint({
    method: 'get',
    path: '/v1/instances',
    summary: 'List instances, oldest first',
    tag: 'instances',
    access: 'viewer',
    query: z.object({
      ...pageQuery,
      name: z.string().max(63).optional(),
      status: z.enum(instanceStatuses).optional(),
      hostId: z.string().max(64).optional(),
    }),
    status: 200,
    answer: pageOf(InstanceView),
    errors: [],
  }),
  show: endpoint({
    method: 'get',
    path: '/v1/instances/:id',
    summary: 'Show an instance',
    tag: 'instances',
    access: 'viewer',
    params: one,
    query: asOf,
    status: 200,
    answer: InstanceView,
    errors: ['instance.not-found'],
  }),
  start: verb('start', 'Start a stopped instance'),
  stop: endpoint({ ...verb('stop', 'Ask the guest to shut down; force it after the grace'), body: Grace }),
  reboot: endpoint({ ...verb('reboot', 'Ask the guest to restart; force it after the grace'), body: Grace }),
  pause: verb('pause', 'Freeze a running instance in memory'),
  resume: verb('resume', 'Let a paused instance go on'),
  delete: endpoint({
    method: 'delete',
    path: '/v1/instances/:id',
    summary: 'Delete an instance with its root volume: at once, or after as long as the tenant keeps what it deletes',
    tag: 'instances',
    access: 'operator',
    params: one,
    query: z.object({
      ...mutationQuery,
      now: z.enum(['true', 'false']).default('false').describe('Keep nothing, whatever the settings say'),
    }),
    status: 202,
    answer: Operation,
    errors: ['instance.not-found', 'instance.wrong-state', 'instance.busy'],
  }),
  restore: verb('restore', 'Take back a deletion, as long as the instance is kept: it is as it was'),
  exec: endpoint({
    method: 'post',
    path: '/v1/instances/:id/exec',
    summary: 'Run a command inside the guest',
    tag: 'instances',
    access: 'operator',
    params: one,
    body: z.strictObject({
      argv: z.array(z.string().max(100_000)).min(1).max(1000),
      timeoutSeconds: z.int().min(1).max(600).default(60),
    }),
    status: 200,
    answer: z.object({ exitCode: z.int(), stdout: z.string(), stderr: z.string() }),
    errors: ['instance.not-found', 'instance.wrong-state', 'instance.unreachable'],
    admission: 'free',
  }),
  explain: explainInstance,
  log: endpoint({
    method: 'get',
    path: '/v1/instances/:id/log',
    summary: 'What the guest wrote to its serial console',
    tag: 'instances',
    access: 'viewer',
    params: one,
    query: z.object({ bytes: z.coerce.number().int().min(1).max(1_000_000).default(64_000) }),
    status: 200,
    answer: z.object({ log: z.string() }),
    timeless: 'consoles are kept by their hosts, not in the log',
    errors: ['instance.not-found', 'instance.unreachable'],
  }),
};
