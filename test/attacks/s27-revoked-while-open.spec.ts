import { strata } from '../../apps/cli/src/testing/command-line.js';
import { TestPlatform } from '../platform.js';
import type { Somebody } from '../people.js';

/** S27: whoever loses a right while a stream is open is cut off within five seconds, and nobody else is. */

const BOUND_MS = 5_000;
const PASSWORD = 'correct horse battery staple';

let platform: TestPlatform;
let url: string;
let names = 0;
beforeAll(async () => {
  platform = await TestPlatform.withPeople();
  url = await platform.listen();
});
afterAll(() => platform.close());

/** Somebody with a tenant of its own, and an owner who stays. */
const somebody = async (): Promise<Somebody & Readonly<{ owner: Somebody; tenant: string }>> => {
  const tenant = `tenant-${++names}`;
  const tenantId = await platform.people.tenant(tenant);
  const owner = await platform.people.user(tenantId, 'owner', 'owner');
  return { ...(await platform.people.user(tenantId, 'viewer', 'vera', { password: PASSWORD })), owner, tenant };
};

/** Opens a stream and resolves when its first bytes are here; `ended` resolves when it ends. */
const follow = async (key: string, headers: Record<string, string> = {}) => {
  const accept = { accept: 'text/event-stream', authorization: `Bearer ${key}`, ...headers };
  const response = await fetch(new URL('/v1/events', url), { headers: accept });
  expect(response.status).toBe(200);
  const reader = response.body?.getReader();
  if (!reader) throw new Error('a stream without a body');
  await reader.read();
  let isOver = false;
  const ended = (async () => {
    for (;;) {
      // A connection that is broken off has ended, too.
      const { done } = await reader.read().catch(() => ({ done: true }));
      if (done) break;
    }
    isOver = true;
    return performance.now();
  })();
  return { ended, isOver: () => isOver, leave: () => reader.cancel() };
};

const as = async (key: string, method: 'POST' | 'PUT' | 'DELETE', path: string, body?: object, tenantId?: string) => {
  const headers = tenantId === undefined ? {} : { 'strata-tenant': tenantId };
  const answer = await platform.ask(method, path, body, { as: key, headers });
  expect(answer.status).toBeLessThan(300);
};
const admin = () => platform.people.admin;

describe('S27: a stream is cut when', () => {
  const losses: readonly (readonly [string, (it: Awaited<ReturnType<typeof somebody>>) => Promise<void>])[] = [
    ['its key is revoked', ({ owner, keyId }) => as(owner.key, 'DELETE', `/v1/keys/${keyId}`)],
    ['the role is revoked', ({ owner, userId }) => as(owner.key, 'DELETE', `/v1/users/${userId}/role`)],
    ['the user is deleted', ({ owner, userId }) => as(owner.key, 'DELETE', `/v1/users/${userId}`)],
    ['the tenant is deleted', ({ tenantId }) => as(admin(), 'DELETE', `/v1/tenants/${tenantId}`)],
  ];
  for (const [what, happens] of losses) {
    it(`${what}, and another’s goes on`, async () => {
      const [it_, other] = [await somebody(), await somebody()];
      const [stream, neighbour] = [await follow(it_.key), await follow(other.key)];
      const began = performance.now();
      await happens(it_);
      expect((await stream.ended) - began).toBeLessThan(BOUND_MS);
      expect(neighbour.isOver()).toBe(false);
      await neighbour.leave();
    }, 15_000);
  }

  it('its key expires', async () => {
    const { tenantId, userId } = await somebody();
    const expiresAt = new Date(Date.now() + 1_000).toISOString();
    const { key } = await platform.people.key(tenantId, { user: userId, expiresAt });
    const stream = await follow(key);
    await stream.ended;
    const late = Date.now() - Date.parse(expiresAt);
    expect(late).toBeGreaterThanOrEqual(0);
    expect(late).toBeLessThan(BOUND_MS);
  }, 15_000);

  it('its session ends because the password was set', async () => {
    const { owner, userId, tenant } = await somebody();
    const body = { user: 'vera', password: PASSWORD, tenant };
    const { body: session } = await platform.ask('POST', '/v1/login', body, { as: null });
    const stream = await follow((session as { key: string }).key);
    const began = performance.now();
    await as(owner.key, 'PUT', `/v1/users/${userId}/password`, { password: `${PASSWORD} 2` });
    expect((await stream.ended) - began).toBeLessThan(BOUND_MS);
  }, 15_000);

  it('the role in the tenant that is listened to is revoked, though the session is good at home', async () => {
    const { userId, tenant } = await somebody();
    const other = await somebody();
    await as(admin(), 'PUT', `/v1/users/${userId}/role`, { role: 'viewer' }, other.tenantId);
    const login = { user: 'vera', password: PASSWORD, tenant };
    const { body: session } = await platform.ask('POST', '/v1/login', login, { as: null });
    const { key } = session as { key: string };
    const [there, home] = [await follow(key, { 'strata-tenant': other.tenantId }), await follow(key)];
    const began = performance.now();
    await as(other.owner.key, 'DELETE', `/v1/users/${userId}/role`);
    expect((await there.ended) - began).toBeLessThan(BOUND_MS);
    expect(home.isOver()).toBe(false);
    await home.leave();
  }, 15_000);

  it('a hundred are open, and only those of the one who lost the right', async () => {
    const [gone, stays] = [await somebody(), await somebody()];
    const open = await Promise.all(Array.from({ length: 100 }, (_, n) => follow(n % 2 === 0 ? gone.key : stays.key)));
    const began = performance.now();
    await as(gone.owner.key, 'DELETE', `/v1/keys/${gone.keyId}`);
    const ends = await Promise.all(open.filter((_, n) => n % 2 === 0).map(({ ended }) => ended));
    expect(Math.max(...ends) - began).toBeLessThan(BOUND_MS);
    expect(open.filter(({ isOver }) => isOver())).toHaveLength(50);
    await Promise.all(open.map(({ leave }) => leave()));
  }, 30_000);
});

describe('S27: the command line that follows', () => {
  it('ends, says why, and does not try for ever', async () => {
    const { key, keyId, owner } = await somebody();
    let connected = () => {};
    const begun = new Promise<void>((resolve) => (connected = resolve));
    const spying: typeof fetch = async (...asked) => {
      const response = await fetch(...asked);
      connected();
      return response;
    };
    const env = { STRATA_API: url, STRATA_KEY: key };
    const tail = strata(['event', 'tail'], { env, fetch: spying });
    await begun;
    const began = performance.now();
    await as(owner.key, 'DELETE', `/v1/keys/${keyId}`);
    const { exit, stderr } = await tail;
    expect(performance.now() - began).toBeLessThan(BOUND_MS);
    expect([exit, stderr.includes('auth.required')]).toEqual([4, true]);
  }, 15_000);
});
