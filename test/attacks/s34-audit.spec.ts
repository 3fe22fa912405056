import { typeid } from 'typeid-js';
import { z } from 'zod';
import type { Answer } from './asking/wire.js';
import { Target } from './target.js';
import { settle } from './tenancy.js';
import type { Estate } from './tenancy.js';

const Shown = z.object({ id: z.string() });
const Begun = z.object({ id: z.string(), resource: z.object({ id: z.string() }) });

/** What a request leaves in the logs by itself; what follows from that comes later and names it as the beginning. */
type Trail = readonly string[];

/**
 * One request that succeeds for every route that changes something, in an order in which each can, with the events that it
 * must leave. `$x` stands for an id that an earlier one has made.
 */
/** Whose making is called off while it waits for its image. */
const doomed = { name: 'doomed', image: 'debian-12', flavor: 'micro' };

const story: readonly (readonly [
  name: string,
  route: string,
  body: object | undefined,
  trail: Trail,
  keep?: string,
])[] = [
  ['tenants.create', 'POST /v1/tenants', { name: 'short' }, ['TenantCreated'], 'tenant'],
  [
    'users.create',
    'POST /v1/users',
    { name: 'anna', role: 'viewer', password: 'correct horse battery' },
    ['UserCreated', 'UserPasswordSet', 'RoleGranted'],
    'user',
  ],
  ['users.grant', 'PUT /v1/users/$user/role', { role: 'operator' }, ['RoleGranted']],
  ['users.password', 'PUT /v1/users/$user/password', { password: 'another horse battery' }, ['UserPasswordSet']],
  [
    'login.login',
    'POST /v1/login',
    { user: 'anna', password: 'another horse battery', tenant: 'alfa' },
    ['KeyCreated'],
  ],
  ['keys.create', 'POST /v1/keys', { name: 'deploy', user: '$user' }, ['KeyCreated'], 'key'],
  ['keys.delete', 'DELETE /v1/keys/$key', undefined, ['KeyRevoked']],
  ['users.revoke', 'DELETE /v1/users/$user/role', undefined, ['RoleRevoked']],
  ['users.delete', 'DELETE /v1/users/$user', undefined, ['UserDeleted']],
  ['tenants.delete', 'DELETE /v1/tenants/$tenant', undefined, ['TenantDeleted']],
  ['quotas.set', 'PUT /v1/quota', { instances: 77 }, ['QuotaSet']],
  ['flavors.create', 'POST /v1/flavors', { name: 'odd', vcpus: 1, memoryMiB: 512, diskGiB: 5 }, ['FlavorCreated']],
  ['flavors.delete', 'DELETE /v1/flavors/odd', undefined, ['FlavorDeleted']],
  ['hosts.cordon', 'POST /v1/hosts/host_sim0001/cordon', undefined, ['HostCordoned']],
  ['hosts.uncordon', 'POST /v1/hosts/host_sim0001/uncordon', undefined, ['HostUncordoned']],
  ['images.build', 'POST /v1/images', { recipe: 'debian-12' }, ['ImageBuildRequested']],
  ['operations.cancel', 'POST /v1/operations/$doomed/cancel', undefined, ['StepFailed', 'UndoStarted']],
  [
    'instances.create',
    'POST /v1/instances',
    { name: 'app', image: 'tiny', flavor: 'nano' },
    ['QuotaReserved', 'InstanceRequested'],
    'instance',
  ],
  ['instances.exec', 'POST /v1/instances/$instance/exec', { argv: ['true'] }, ['InstanceExecRequested']],
  ['instances.pause', 'POST /v1/instances/$instance/pause', {}, ['InstancePauseRequested']],
  ['instances.resume', 'POST /v1/instances/$instance/resume', {}, ['InstanceResumeRequested']],
  ['instances.reboot', 'POST /v1/instances/$instance/reboot', {}, ['InstanceRebootRequested']],
  ['instances.stop', 'POST /v1/instances/$instance/stop', { graceSeconds: 0 }, ['InstanceStopRequested']],
  ['instances.start', 'POST /v1/instances/$instance/start', {}, ['InstanceStartRequested']],
  ['settings.set', 'PUT /v1/settings', { keepDeletedSeconds: 3_600 }, ['SettingsChanged']],
  ['instances.delete', 'DELETE /v1/instances/$instance', undefined, ['InstanceDeletionScheduled']],
  ['instances.restore', 'POST /v1/instances/$instance/restore', {}, ['InstanceRestored']],
  ['activity.undo', 'POST /v1/undo/$instance', undefined, ['InstanceDeletionScheduled']],
  ['logs.rebuild', 'POST /v1/logs/rebuild', { views: ['flavor'] }, ['RebuildRequested']],
];

describe('S34: whoever changes something is in the log', () => {
  let target: Target;
  let alfa: Estate;
  /** What each request was called, and what it was answered. */
  const asked = new Map<string, Readonly<{ requestId: string; answer: Answer }>>();

  beforeAll(async () => {
    target = await Target.start();
    alfa = await settle(target, 'alfa');
    const ids: Record<string, string> = {};
    const filled = (text: string) => text.replace(/\$(\w+)/g, (_, name: string) => ids[name] ?? '');
    for (const [name, route, body, , keep] of story) {
      if (name === 'operations.cancel')
        ids['doomed'] = Shown.parse(await target.order('POST /v1/instances', doomed, alfa.tenantId)).id;
      const requestId = typeid('req').toString();
      const headers = { 'x-request-id': requestId, ...(name !== 'login.login' && { 'strata-tenant': alfa.tenantId }) };
      const given = body && (JSON.parse(filled(JSON.stringify(body))) as object); // A body is an object.
      const answer = await target.ask(
        name === 'login.login' ? undefined : target.server.bearer,
        filled(route),
        given,
        headers,
      );
      asked.set(name, { requestId, answer });
      if (answer.status >= 300) continue;
      const shown: unknown = JSON.parse(answer.text);
      if (keep !== undefined) ids[keep] = Shown.parse(shown).id;
      const operation = Begun.safeParse(shown).data;
      if (keep === 'instance') ids[keep] = operation?.resource.id ?? '';
      if (operation && keep !== 'doomed') await target.ended(target.server.bearer, operation.id, alfa.tenantId);
    }
  }, 90_000);
  afterAll(() => target.remove());

  it('knows every route that changes something', () => {
    // Whoever adds a route says here how it is asked for and what it leaves behind.
    expect(story.map(([name]) => name).toSorted()).toEqual(target.api.mutations.map(({ name }) => name).toSorted());
    expect([...asked].filter(([, { answer }]) => answer.status >= 300)).toEqual([]);
  });

  for (const [name, , , trail] of story) {
    it(`is found for ${name}, by the id of the request: ${trail.join(', ')}`, async () => {
      const requestId = asked.get(name)?.requestId ?? '';
      expect(asked.get(name)?.answer.headers['x-request-id']).toBe(requestId);
      const events = await target.eventsOf([requestId]);
      const direct = events.filter(({ meta }) => meta.causationId === requestId);
      expect(direct.map(({ type }) => type).toSorted()).toEqual(trail.toSorted());
      const actor = name === 'login.login' ? expect.stringMatching(/^user_/) : 'user_admin';
      for (const { meta } of direct) expect(meta).toMatchObject({ actor, correlationId: requestId });
      // Whatever follows names the same beginning, and a cause that is there.
      for (const { meta } of events) expect(meta.correlationId).toBe(requestId);
    });
  }

  it('is not there for a request that was refused, or only asked whether it might', async () => {
    const ids: string[] = [];
    for (const [, route, body] of story) {
      for (const [key, path] of [
        [alfa.people.viewer.key, route],
        ['nobody', route],
        [target.server.bearer, `${route}?validateOnly=true`],
      ] as const) {
        const requestId = typeid('req').toString();
        ids.push(requestId);
        // Routes that cannot be asked whether they would refuse the question itself.
        await target.ask(key, path.replace(/\$\w+/, 'nothing'), body, {
          'x-request-id': requestId,
          'strata-tenant': alfa.tenantId,
        });
      }
    }
    expect(await target.eventsOf(ids)).toEqual([]);
  }, 20_000);
});
