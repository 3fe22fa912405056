import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { againstCloud, create, creates, inTurn, pageOf as page } from './testing/against-cloud.js';
import { emptyCheckout, removeCheckouts, strata } from './testing/command-line.js';
import { Foreign, Refusal, hangUp } from './testing/fake-cloud.js';
import { begun } from './testing/things.js';

const { open, ask } = againstCloud();

afterAll(removeCheckouts);

describe('refusals', () => {
  for (const [code, exit] of [
    ['request.invalid', 2],
    ['idempotency.mismatch', 2],
    ['instance.not-found', 3],
    ['auth.required', 4],
    ['auth.forbidden', 4],
    ['instance.wrong-state', 5],
    ['quota.exceeded', 6],
    ['capacity.exhausted', 6],
    ['internal.error', 1],
    ['route.not-found', 1],
  ] as const) {
    it(`exits with ${exit} at ${code} and says what, what to do, the code and the request`, async () => {
      await open({ 'instances.create': () => new Refusal(code, 'because of this', { allowed: ['start', 'delete'] }) });
      const ran = await ask(create);
      expect(ran.exit).toBe(exit);
      expect(ran.stdout).toBe('');
      expect(ran.stderr).toMatch(
        new RegExp(`^error: .+\n  because of this\n  allowed: start, delete\n  .+\n  ${code}, request req_1\n$`),
      );
    });
  }

  it('refuses what the contract would refuse in the words of the command line, without asking', async () => {
    const cloud = await open(creates());
    const { exit, stderr } = await ask(['instance', 'create', 'Web_1', '--image', 'tiny', '--vcpus', '0']);
    expect(exit).toBe(2);
    expect(stderr).toContain('--vcpus: ');
    expect(stderr).toContain('<name>: use 1 to 63 lower-case letters');
    expect(cloud.asked).toHaveLength(0);
  });

  for (const argv of [
    ['instance', 'create', 'web-1'],
    ['instance', 'create'],
    ['instance', 'create', 'web-1', '--image', 'tiny', '--vcpus', 'many'],
    ['instance', 'create', 'web-1', '--image', 'tiny', '--flavor', 'small', '--label', 'nothing'],
    ['instance', 'create', 'web-1', '--image', 'tiny', '--flavor', 'small', '--ssh-key', './no-such-file'],
    ['instance', 'list', '--colour'],
    ['instance', 'list', '-o', 'xml'],
    ['instance', 'show', '..'],
    ['instance', 'show', ''],
    ['instance', 'show', 'a', 'b'],
    ['instance', 'list', '--timeout', 'soon'],
    ['instance', 'list', '--api', 'ftp://somewhere'],
    ['instance', 'start', 'a', '--wait', '--async'],
  ]) {
    it(`takes "${argv.join(' ')}" for a slip: 2, and nothing is asked`, async () => {
      const cloud = await open(creates());
      const { exit, stdout, stderr } = await ask(argv);
      expect([exit, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(/^error: /);
      expect(cloud.asked).toHaveLength(0);
    });
  }

  it('lists what there is when a noun or a verb is unknown', async () => {
    await open({});
    const noun = await ask(['unicorn', 'list']);
    expect(noun.exit).toBe(2);
    expect(noun.stderr).toContain(
      'There is: up, down, status, doctor, login, logout, whoami, activity, undo, why, instance, image,',
    );
    const verb = await ask(['instance', 'resize', 'web-1', '--flavor', 'big']);
    expect(verb.exit).toBe(2);
    expect(verb.stderr).toContain('There is: create, list, show, start,');
  });
});

describe('the way to the server', () => {
  it('asks again with the same key when the connection breaks or the server is not ready', async () => {
    const cloud = await open({
      ...creates(),
      'instances.create': inTurn(hangUp, new Refusal('service.unavailable', 'starting'), begun),
    });
    const { exit } = await ask([...create, '--async']);
    expect(exit).toBe(0);
    const keys = cloud.of('instances.create').map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(3);
    expect(keys[0]).toMatch(/^[\da-f-]{36}$/);
    expect(new Set(keys).size).toBe(1);
  });

  it('takes a fresh key for each invocation, or the one that was given', async () => {
    const cloud = await open(creates());
    await ask([...create, '--async']);
    await ask([...create, '--async']);
    await ask([...create, '--async', '--idempotency-key', 'mine']);
    const [first, second, third] = cloud.of('instances.create').map(({ headers }) => headers['idempotency-key']);
    expect(first).not.toBe(second);
    expect(third).toBe('mine');
  });

  it('gives up in the end: not ready is 1', async () => {
    const cloud = await open({ 'flavors.list': () => new Refusal('service.unavailable', 'starting') });
    const { exit, stderr } = await ask(['flavor', 'list']);
    expect([exit, stderr.includes('service.unavailable')]).toEqual([1, true]);
    expect(cloud.asked.length).toBeGreaterThan(2);
  });

  it('says how to start a server when none answers', async () => {
    // Nothing listens on the port for discarding, which no user may take.
    const gone = 'http://127.0.0.1:19';
    const { exit, stderr } = await strata(['status'], { env: { STRATA_API: gone } });
    expect(exit).toBe(1);
    expect(stderr).toContain(`No server answers at ${gone}`);
    expect(stderr).toContain('npm start');
  });

  it('knows a stranger by its answer', async () => {
    await open({ 'flavors.list': () => new Foreign('<h1>It works!</h1>') });
    const { exit, stderr } = await ask(['flavor', 'list']);
    expect(exit).toBe(1);
    expect(stderr).toContain('does not answer as Strata does');
  });

  it('shows requests and never the key with --debug', async () => {
    const cloud = await open(creates());
    const { stderr } = await ask([...create, '--async', '--debug']);
    expect(stderr).toMatch(/> POST http:\S+\/v1\/instances {2}key \S+\n< 202 {2}\d+ ms {2}req_1\n/);
    expect(stderr).not.toContain('secret-key');
    expect(cloud.asked[0]?.headers.authorization).toBe('Bearer secret-key');
  });

  it("takes URL and key from the home, and gives the home's key to no other cloud", async () => {
    const cloud = await open({ 'flavors.list': () => page() });
    const checkout = emptyCheckout();
    const home = join(checkout, 'elsewhere');
    mkdirSync(home);
    writeFileSync(join(checkout, '.strata-home'), `${home}\n`);
    const credentials = { apiUrl: cloud.url, key: 'stored', tenantId: 'ten_default', userId: 'user_admin' };
    writeFileSync(join(home, 'credentials.json'), JSON.stringify(credentials));
    expect((await strata(['flavor', 'list'], { checkout })).exit).toBe(0);
    expect(cloud.asked[0]?.headers.authorization).toBe('Bearer stored');

    const other = await open({ 'flavors.list': () => page() });
    await strata(['flavor', 'list', '--api', other.url], { checkout });
    expect(other.asked).toHaveLength(1);
    expect(other.asked[0]?.headers.authorization).toBeUndefined();
  });
});
