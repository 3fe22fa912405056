import { z } from 'zod';

/** RFC 9457, with a code for programs and the id of the request for people who ask for help. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  requestId: z.string(),
  /** What the asker can do about it. */
  help: z.string(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  details: z.record(z.string(), z.unknown()).optional(),
});
export type Problem = z.infer<typeof Problem>;

type Entry = Readonly<{ status: number; title: string; help: string; operator?: string }>;

/** Every code that Strata answers: its HTTP status, and what the asker and the operator can do. */
export const problems = {
  'request.invalid': {
    status: 400,
    title: 'The request is not valid',
    help: 'Mend the fields named in `errors` and ask again.',
  },
  'request.malformed': { status: 400, title: 'The request cannot be read', help: 'Send JSON as `application/json`.' },
  'request.too-large': { status: 413, title: 'The request is too large', help: 'Send at most 1 MiB.' },
  'request.timeout': {
    status: 408,
    title: 'The request took too long to arrive',
    help: 'Send it again, and faster.',
  },
  'request.media-type': {
    status: 415,
    title: 'The content type is not supported',
    help: 'Send JSON as `application/json`.',
  },
  'auth.required': {
    status: 401,
    title: 'Who are you?',
    help: 'Send `Authorization: Bearer <key>`. `strata login` gets one; the first administrator’s lies in credentials.json.',
  },
  'auth.forbidden': {
    status: 403,
    title: 'You may not do this',
    help: 'Ask an administrator of the tenant for a role that may.',
  },
  'login.failed': {
    status: 401,
    title: 'The name or the password is wrong',
    help: 'Name the tenant, too, if it is not `default`; an administrator can set a new password.',
  },
  'login.throttled': {
    status: 429,
    title: 'Too many attempts to log in',
    help: 'Try again in `details.retryAfterSeconds`.',
  },
  'route.not-found': { status: 404, title: 'There is nothing here', help: 'See /v1/openapi.json for what there is.' },
  'idempotency.mismatch': {
    status: 422,
    title: 'This key was used for another request',
    help: 'Use a new Idempotency-Key for a new request.',
  },
  'instance.not-found': { status: 404, title: 'No such instance', help: 'See `strata instance list`.' },
  'instance.wrong-state': {
    status: 409,
    title: 'The instance cannot do this now',
    help: 'Use one of the verbs in `details.allowed`.',
  },
  'instance.busy': {
    status: 409,
    title: 'The instance is busy',
    help: 'Wait for the operation in `details.operationId`, or cancel it.',
  },
  'instance.exists': { status: 409, title: 'The id is taken', help: 'Choose another id, or leave it out.' },
  'instance.name-taken': {
    status: 409,
    title: 'The name is taken',
    help: 'Choose another name, or delete the other instance first.',
  },
  'instance.unreachable': {
    status: 409,
    title: 'The guest does not answer',
    help: 'See `strata instance log`: the guest may still be booting.',
  },
  'image.not-found': { status: 404, title: 'No such image', help: 'See `strata image list`.' },
  'image.unknown-recipe': {
    status: 400,
    title: 'No such recipe',
    help: 'Built-in recipes are `tiny` and `debian-12`.',
  },
  'image.in-use': {
    status: 409,
    title: 'The image is in use',
    help: 'Delete the instances that were made from it first.',
  },
  'image.build-failed': {
    status: 409,
    title: 'The image could not be built',
    help: 'See the reason; `strata image build` tries again.',
  },
  'flavor.not-found': { status: 404, title: 'No such flavor', help: 'See `strata flavor list`.' },
  'flavor.exists': { status: 409, title: 'The name is taken', help: 'Choose another name.' },
  'host.not-found': { status: 404, title: 'No such host', help: 'See `strata host list`.' },
  'network.not-found': { status: 404, title: 'No such network', help: 'See `strata network list`.' },
  'network.exhausted': {
    status: 409,
    title: 'The network has no free address',
    help: 'Delete instances, or use another network.',
  },
  'volume.not-found': { status: 404, title: 'No such volume', help: 'See `strata volume list`.' },
  'pool.not-found': { status: 404, title: 'No such storage pool', help: 'See `strata pool list`.' },
  'quota.exceeded': {
    status: 403,
    title: 'The quota does not allow it',
    help: 'Delete something, or ask an administrator to raise the quota.',
  },
  'capacity.exhausted': {
    status: 409,
    title: 'No host has room',
    help: 'Ask for less, or try later; `details.hosts` says why each host was passed over.',
    operator: 'Add hosts, or uncordon some.',
  },
  'tenant.not-found': { status: 404, title: 'No such tenant', help: 'See `strata tenant list`.' },
  'tenant.exists': { status: 409, title: 'The id is taken', help: 'Choose another id, or leave it out.' },
  'tenant.name-taken': { status: 409, title: 'The name is taken', help: 'Choose another name.' },
  'tenant.not-empty': {
    status: 409,
    title: 'The tenant still has things',
    help: 'Delete what `details.things` counts first.',
  },
  'tenant.protected': { status: 409, title: 'The tenant stays', help: 'The platform itself needs it.' },
  'tenant.last-owner': {
    status: 409,
    title: 'The tenant would have no owner',
    help: 'Make another user an owner first.',
  },
  'user.not-found': { status: 404, title: 'No such user', help: 'See `strata user list`.' },
  'user.name-taken': {
    status: 409,
    title: 'The name or the address is taken',
    help: 'Choose another one, or see `strata user list`.',
  },
  'user.elsewhere': {
    status: 409,
    title: 'The user is not this tenant’s alone',
    help: 'Revoke the role here; the rest is for the user itself, or for an administrator of the platform.',
  },
  'user.protected': { status: 409, title: 'The user stays', help: 'The platform itself needs it.' },
  'key.not-found': { status: 404, title: 'No such key', help: 'See `strata key list`.' },
  'key.exists': {
    status: 409,
    title: 'The key is there',
    help: 'A key keeps its secret for life: create another one.',
  },
  'key.ambiguous': { status: 409, title: 'Several keys have this name', help: 'Use the id: see `strata key list`.' },
  'key.too-many': { status: 409, title: 'The user has too many keys', help: 'Revoke those that nobody uses.' },
  'operation.not-found': { status: 404, title: 'No such operation', help: 'See `strata operation list`.' },
  'operation.ended': { status: 409, title: 'The operation has ended', help: 'Nothing is left to call off.' },
  'operation.not-cancellable': { status: 409, title: 'The operation cannot be called off', help: 'Wait for its end.' },
  'undo.impossible': {
    status: 409,
    title: 'This cannot be taken back',
    help: 'See `detail`; `strata activity` says of each request whether it can.',
  },
  'undo.superseded': {
    status: 409,
    title: 'It was changed again since',
    help: 'Undo the request in `details.requestId` first.',
  },
  'event.not-found': {
    status: 404,
    title: 'Nothing is known by this id',
    help: 'Ids look like `inst_…`, `op_…`, `net_…`.',
  },
  'log.not-found': { status: 404, title: 'No such log', help: 'See `strata log status`.' },
  'log.no-view': { status: 400, title: 'No such read model', help: 'See `strata log status`.' },
  'log.rebuilding': {
    status: 409,
    title: 'Read models are being rebuilt',
    help: 'Wait for the operation in `details.operationId`.',
  },
  'log.rebuild-failed': {
    status: 500,
    title: 'The read models could not be rebuilt',
    help: 'They are what they were; see the reason, and the log of the server.',
  },
  'log.not-rebuilt': { status: 404, title: 'Nothing was rebuilt yet', help: 'Use `strata log rebuild`.' },
  'log.damaged': {
    status: 409,
    title: 'It can be read, and not be changed',
    help: 'Tell an administrator of the platform: its part of the log is damaged.',
    operator: 'Run `strata log verify`, and see docs/operations.md.',
  },
  'stream.too-many': {
    status: 429,
    title: 'Too many streams are open',
    help: 'End some of them first; one stream without filters tells everything that many with filters do.',
  },
  'internal.error': {
    status: 500,
    title: 'Something is wrong on our side',
    help: 'Ask again; tell an administrator the request id if it stays.',
  },
  'request.too-many': {
    status: 429,
    title: 'Too many requests at once',
    help: 'Ask again after the seconds in `Retry-After`; while others ask as well, each tenant has a smaller share.',
  },
  'service.overloaded': {
    status: 503,
    title: 'More is asked than can be done',
    help: 'Ask again after the seconds in `Retry-After`.',
  },
  'storage.full': {
    status: 507,
    title: 'There is no space left',
    help: 'Nothing was done. Ask again when an administrator of the platform has made room.',
    operator: 'Free space where the home lies; Strata goes on by itself.',
  },
  'service.unavailable': { status: 503, title: 'Not ready yet', help: 'Ask again in a moment.' },
} as const satisfies Record<string, Entry>;

export type ProblemCode = keyof typeof problems;

export const entryOf = (code: string): Entry =>
  Object.hasOwn(problems, code) ? problems[code as ProblemCode] : problems['internal.error']; // Own key checked just before.
