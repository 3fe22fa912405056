import { ManualClock } from '@strata/event-store';
import { emptyIdentity } from '../people.js';
import { TestPlatform } from '../platform.js';

/** S07: passwords are not guessed, accounts are not found out, and whoever has not logged in leaves nothing behind. */

const PASSWORD = 'correct horse battery staple';

const identity = emptyIdentity();
const clock = new ManualClock();
let platform: TestPlatform;
let acme: string;
beforeAll(async () => {
  platform = await TestPlatform.create({ identity, clock });
  acme = await platform.people.tenant('acme');
});
afterAll(() => platform.close());

const login = async (user: string, password: string, peer: string, tenant = 'acme') => {
  const body = { user, password, tenant };
  const answer = await platform.ask('POST', '/v1/login', body, { as: null, peer });
  return { ...answer, body: answer.body as Readonly<Record<string, unknown>> };
};
const heads = async () => [await platform.store.log.head(), await identity.store.log.head()];
/** An address that nobody else in this file has. */
const addresses = (function* () {
  for (let n = 1; ; n++) yield `198.${18 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`;
})();
const address = () => String(addresses.next().value);

describe('S07: a thousand guesses', () => {
  it('from one address come to twenty, and the right one among the rest is not heard', async () => {
    for (let n = 0; n < 5; n++) await platform.people.user(acme, 'viewer', `one-${n}`, { password: PASSWORD });
    const before = await heads();
    const peer = address();
    const guesses = Array.from({ length: 1_000 }, (_, n) => login(`one-${n % 5}`, `guess number ${n}`, peer));
    const statuses = (await Promise.all(guesses)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(20);
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThanOrEqual(980);
    const late = await login('one-0', PASSWORD, peer);
    expect(late).toMatchObject({ status: 429, body: { code: 'login.throttled' } });
    expect(Number(late.headers['retry-after'])).toBeGreaterThan(0);
    expect(await heads()).toEqual(before);
    // Somebody at another address logs in as if nothing were.
    expect(await login('one-1', PASSWORD, address())).toMatchObject({ status: 201 });
    clock.advance(Number(late.headers['retry-after']) * 1_000);
    expect(await login('one-0', PASSWORD, peer)).toMatchObject({ status: 201 });
  }, 60_000);

  it('at one account from a thousand addresses come to ten, whether there is such an account or not', async () => {
    await platform.people.user(acme, 'viewer', 'two', { password: PASSWORD });
    const tried = async (user: string) => {
      const answers = await Promise.all(Array.from({ length: 500 }, (_, n) => login(user, `guess ${n}`, address())));
      // Those that came while others were looked at were sent away, too: they were not counted as guesses.
      return answers.filter(({ status }) => status === 401).length;
    };
    for (const user of ['two', 'nobody-of-this-name']) expect(await tried(user)).toBeLessThanOrEqual(10);
    expect(await login('two', PASSWORD, address())).toMatchObject({ status: 429 });
    clock.advance(60_000);
    expect(await login('two', PASSWORD, address())).toMatchObject({ status: 201 });
  }, 60_000);

  it('do not stop the process: it answers others meanwhile', async () => {
    const flood = Array.from({ length: 200 }, (_, n) => login(`three-${n}`, 'guess', address()));
    let slowest = 0;
    let answered = 0;
    let over = false;
    const done = Promise.all(flood).then(() => (over = true));
    while (!over) {
      const began = performance.now();
      expect((await platform.ask('GET', '/v1/keys')).status).toBe(200);
      slowest = Math.max(slowest, performance.now() - began);
      answered++;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await done;
    expect(answered).toBeGreaterThan(5);
    expect(slowest).toBeLessThan(1_000);
  }, 60_000);
});

describe('S07: an account', () => {
  it('is not found out by what is answered', async () => {
    const { userId } = await platform.people.user(acme, 'viewer', 'four', {
      password: PASSWORD,
      email: 'four@a.example',
    });
    await platform.people.user(acme, 'viewer', 'keys-only');
    await platform.people.user(acme, 'viewer', 'no-role', { password: PASSWORD });
    await platform.ask('DELETE', '/v1/users/no-role/role', undefined, { headers: { 'strata-tenant': acme } });
    const told = async (user: string, password: string, tenant?: string) => {
      const { status, body, headers } = await login(user, password, address(), tenant);
      return JSON.stringify([status, { ...body, requestId: '' }, { ...headers, date: '', 'x-request-id': '' }]);
    };
    const expected = await told('four', 'a wrong password');
    expect(expected).toContain('login.failed');
    for (const [user, password, tenant] of [
      ['nobody', PASSWORD],
      ['four@a.example', 'a wrong password'],
      ['nobody@a.example', PASSWORD],
      [userId, PASSWORD],
      ['keys-only', PASSWORD],
      ['no-role', PASSWORD],
      ['four', PASSWORD, 'default'],
      ['four', PASSWORD, 'no-such-tenant'],
      ["four' OR '1'='1", PASSWORD],
    ] as const) {
      expect(await told(user, password, tenant)).toBe(expected);
    }
  }, 30_000);

  it('is not found out by how long the answer takes', async () => {
    const PAIRS = 60;
    for (let n = 0; n < 12; n++) await platform.people.user(acme, 'viewer', `five-${n}`, { password: PASSWORD });
    const took = async (user: string) => {
      const began = performance.now();
      expect((await login(user, 'a wrong password', address())).status).toBe(401);
      return performance.now() - began;
    };
    let slower = 0;
    for (let n = 0; n < PAIRS; n++) {
      // In turns, and each as often first, so that whatever else the machine does happens to both alike.
      const names = [`five-${n % 12}`, `nobody-${n % 12}`];
      const [first, second] = [await took(names[n % 2] ?? ''), await took(names[1 - (n % 2)] ?? '')];
      const [known, unknown] = n % 2 === 0 ? [first, second] : [second, first];
      if (known > unknown) slower++;
    }
    // As with a coin: sixty throws come to fewer than fifteen, or more than forty-five, once in ten thousand times.
    expect(slower).toBeGreaterThanOrEqual(PAIRS / 4);
    expect(slower).toBeLessThanOrEqual((3 * PAIRS) / 4);
  }, 60_000);
});

describe('S07: ten thousand who do not log in', () => {
  it('leave no event, no session and no key behind', async () => {
    const before = await heads();
    const statuses = new Set<number>();
    for (let n = 0; n < 10_000; n += 100) {
      const wave = Array.from({ length: 100 }, (_, index) => {
        const headers = { 'idempotency-key': `flood ${n + index}`, cookie: `session=${n}` };
        const how = { as: null, peer: '203.0.113.5', headers };
        if (index % 2 === 0) return platform.ask('GET', `/v1/instances?next=/${n + index}`, undefined, how);
        return platform.ask('POST', `/v1/login?next=/${n + index}`, { user: `u${n}`, password: 'guess' }, how);
      });
      for (const { status, headers } of await Promise.all(wave)) {
        statuses.add(status);
        expect(headers).not.toHaveProperty('set-cookie');
      }
    }
    expect(statuses).toEqual(new Set([400, 401]));
    expect(await heads()).toEqual(before);
    const { body } = await platform.ask('GET', '/v1/keys?user=all&pageSize=1000');
    expect((body as { items: { kind: string }[] }).items.filter(({ kind }) => kind === 'session')).toEqual([]);
  }, 120_000);
});
