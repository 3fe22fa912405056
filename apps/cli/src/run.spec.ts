import { Foreign, FakeCloud, Refusal, hangUp, silence } from './testing/fake-cloud.js';
import type { Answers } from './testing/fake-cloud.js';
import { emptyCheckout, removeCheckouts, strata } from './testing/command-line.js';
import type { World } from './testing/command-line.js';
import { begun, building, failed, small, succeeded, web } from './testing/things.js';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

let cloud: FakeCloud;
const open = async (answers: Answers) => (cloud = await FakeCloud.open(answers));
const ask = (argv: readonly string[], world: World = {}) =>
  strata(argv, { ...world, env: { STRATA_API: cloud.url, STRATA_KEY: 'secret-key', ...world.env } });

afterAll(removeCheckouts);
afterEach(async () => {
  const { faults } = cloud;
  await cloud.close();
  expect(faults).toEqual([]);
});

const page = (...items: unknown[]) => ({ items, nextPageToken: null });
/** Answers one after the other; the last one stays. */
const inTurn = (...answers: unknown[]) => {
  let next = 0;
  return () => answers[Math.min(next++, answers.length - 1)];
};
const create = ['instance', 'create', 'web-1', '--image', 'tiny', '--flavor', 'small'];
const creates: Answers = {
  'instances.create': () => begun,
  'operations.show': inTurn(begun, building, succeeded),
  'instances.show': () => web,
};

describe('forms of an answer', () => {
  it('shows a list as an aligned table, with wide letters counted as two', async () => {
    const wide = { ...small, id: 'flv_2', name: '小型', vcpus: 16 };
    await open({ 'flavors.list': () => page(small, wide) });
    const { stdout, exit } = await ask(['flavor', 'list']);
    expect(exit).toBe(0);
    expect(stdout).toBe(
      'NAME   VCPUS  MEMORY_MIB  DISK_GIB  ID\n' +
        'small  1      512         4         flv_1\n' +
        '小型   16     512         4         flv_2\n',
    );
  });

  it('prints a list in JSON as one plain array with what every object carries', async () => {
    await open({ 'instances.list': () => page(web) });
    const { stdout } = await ask(['instance', 'list', '-o', 'json']);
    expect(JSON.parse(stdout)).toEqual([web]);
  });

  it('prints names one per line, YAML, and one object for show; flags may stand before the verb', async () => {
    await open({ 'instances.list': () => page(web, { ...web, name: 'web-2' }), 'instances.show': () => web });
    expect((await ask(['-o', 'name', 'instance', 'list'])).stdout).toBe('web-1\nweb-2\n');
    expect((await ask(['instance', '--output', 'yaml', 'show', 'web-1'])).stdout).toContain(
      'name: web-1\nstatus: running\n',
    );
    expect(JSON.parse((await ask(['instance', 'show', 'web-1', '-ojson'])).stdout)).toEqual(web);
    expect((await ask(['instance', 'show', 'web-1'])).stdout).toContain('status        running\n');
  });

  it('follows all pages, or stops at the limit', async () => {
    const pages = ({ query }: { query: Readonly<Record<string, unknown>> }) =>
      query['pageToken'] === undefined
        ? { items: [small, small], nextPageToken: 'second' }
        : { items: [small], nextPageToken: null };
    await open({ 'flavors.list': pages });
    expect(JSON.parse((await ask(['flavor', 'list', '-o', 'json'])).stdout)).toHaveLength(3);
    expect(JSON.parse((await ask(['flavor', 'list', '-o', 'json', '--limit', '2'])).stdout)).toHaveLength(2);
    expect(cloud.asked.map(({ query }) => query['pageSize'])).toEqual([1000, 1000, 2]);
  });

  it('shows a control character in a name as a mark and colours only for a terminal that wants it', async () => {
    await open({ 'instances.list': () => page({ ...web, name: 'a\u001b[2Jb' }) });
    expect((await ask(['instance', 'list'], { isTTY: true })).stdout).toContain('\u001b[32mrunning');
    const plain = await ask(['instance', 'list'], { isTTY: true, env: { NO_COLOR: '1' } });
    expect(plain.stdout).toContain('a\u{fffd}[2Jb');
    expect(plain.stdout).not.toContain('\u001b');
  });

  it('shows a quota as a row for each resource and sets it', async () => {
    const amounts = { instances: 2, vcpus: 4, memoryMiB: 512, diskGiB: 8 };
    const quota = { tenantId: 'ten_default', limits: amounts, used: { ...amounts, vcpus: 3 } };
    await open({ 'quotas.show': () => quota, 'quotas.set': () => quota });
    expect((await ask(['quota', 'show', '--tenant', 'ten_a'])).stdout).toContain('vcpus      3     4\n');
    await ask(['quota', 'set', '--vcpus', '4']);
    expect(cloud.asked[0]?.headers['strata-tenant']).toBe('ten_a');
    expect(cloud.of('quotas.set')[0]?.body).toEqual({ vcpus: 4 });
  });
});

describe('operations', () => {
  it('waits for the end, says each step once, and prints the thing itself', async () => {
    await open(creates);
    const { exit, stdout, stderr } = await ask([...create, '-o', 'json']);
    expect(exit).toBe(0);
    expect(JSON.parse(stdout)).toEqual(web);
    expect(stderr).toBe('web-1: scheduling (1/2)\nweb-1: building-disk (2/2)\nweb-1: succeeded\n');
  });

  it('rewrites one line at a terminal and leaves none behind', async () => {
    await open(creates);
    const { stderr } = await ask(create, { isTTY: true, env: { NO_COLOR: '1' } });
    const [before, ...lines] = stderr.split('\r\u001b[K');
    expect([before, lines.pop()]).toEqual(['', '']);
    for (const line of lines) expect(line).toMatch(/^web-1: .+ s$/);
    expect(lines.length).toBeGreaterThan(1);
  });

  it('prints the operation at once with --async', async () => {
    await open(creates);
    const { exit, stdout } = await ask([...create, '--async', '-o', 'name']);
    expect([exit, stdout]).toEqual([0, 'op_1\n']);
    expect(cloud.of('operations.show')).toHaveLength(0);
  });

  it('sends what was given, where the contract wants it', async () => {
    const key = join(emptyCheckout(), 'key.pub');
    writeFileSync(key, 'ssh-ed25519 AAAA me\n');
    await open(creates);
    const size = ['--vcpus', '2', '--memory-mib', '256', '--disk-gib', '3'];
    const rest = ['--network', 'inner', '--ssh-key', key, '--ssh-key', 'ssh-rsa BBBB', '--id', 'inst_mine'];
    const labels = ['--label', 'a=1', '--label', 'b=x=y'];
    const { stderr, exit } = await ask(['instance', 'create', 'web-1', '--image', 'tiny', ...size, ...rest, ...labels]);
    expect([exit, stderr.includes('error')]).toEqual([0, false]);
    expect(cloud.of('instances.create')[0]?.body).toEqual({
      name: 'web-1',
      image: 'tiny',
      vcpus: 2,
      memoryMiB: 256,
      diskGiB: 3,
      network: 'inner',
      sshKeys: ['ssh-ed25519 AAAA me', 'ssh-rsa BBBB'],
      labels: { a: '1', b: 'x=y' },
      id: 'inst_mine',
    });
  });

  it('gives up waiting at the time-out with 7 and says the id', async () => {
    await open({ ...creates, 'operations.show': () => building });
    const { exit, stderr } = await ask([...create, '--timeout', '0.3']);
    expect(exit).toBe(7);
    expect(stderr).toContain('operation op_1 goes on');
  });

  it('gives up at the time-out when the server is silent, and when it is interrupted', async () => {
    const interrupt = new AbortController();
    await open({ ...creates, 'operations.show': () => silence });
    expect((await ask([...create, '--timeout', '0.3'])).exit).toBe(7);
    const waiting = ask(create, { signal: interrupt.signal });
    setTimeout(() => interrupt.abort(), 100);
    const { exit, stderr } = await waiting;
    expect(exit).toBe(130);
    expect(stderr).toContain('operation op_1 goes on');
  });

  for (const [code, exit] of [
    ['quota.exceeded', 6],
    ['capacity.exhausted', 6],
    ['network.exhausted', 6],
    ['image.build-failed', 5],
    ['image.not-found', 3],
    ['never.heard-of', 1],
    [null, 1],
  ] as const) {
    it(`exits with ${exit} when the operation failed by ${code}`, async () => {
      await open({ ...creates, 'operations.show': () => failed(code, 'no room anywhere') });
      const ran = await ask(create);
      expect(ran.exit).toBe(exit);
      expect(ran.stdout).toBe('');
      expect(ran.stderr).toContain('provision-instance failed at scheduling\n  no room anywhere\n');
    });
  }

  it('waits for one by its id, and to be called off', async () => {
    const cancelled = { ...succeeded, status: 'cancelled' };
    await open({
      'operations.show': inTurn(begun, succeeded, cancelled, succeeded),
      'operations.cancel': () => ({ ...begun, status: 'undoing' }),
    });
    expect((await ask(['operation', 'wait', 'op_1', '-o', 'name'])).stdout).toBe('op_1\n');
    expect((await ask(['operation', 'cancel', 'op_1'])).exit).toBe(0);
    const late = await ask(['operation', 'cancel', 'op_1']);
    expect(late.exit).toBe(5);
    expect(late.stderr).toContain('had succeeded already');
  });

  it('takes several names: all go on when one is refused, whose code it exits with', async () => {
    await open({
      'instances.delete': ({ params }) => (params['id'] === 'b' ? new Refusal('instance.busy', 'b is busy') : begun),
      'operations.show': () => succeeded,
    });
    const { exit, stdout, stderr } = await ask([
      'instance',
      'delete',
      'a',
      'b',
      'c',
      '-o',
      'json',
      '--idempotency-key',
      'k',
    ]);
    expect(exit).toBe(5);
    expect(JSON.parse(stdout)).toHaveLength(2);
    expect(stderr).toContain('b is busy');
    expect(cloud.of('instances.delete').map(({ headers }) => headers['idempotency-key'])).toEqual([
      'k:a',
      'k:b',
      'k:c',
    ]);
  });

  it('stops with a grace, by force, and without a word about it', async () => {
    await open({ ...creates, 'instances.stop': () => begun, 'operations.show': () => succeeded });
    for (const flags of [['--grace', '5'], ['--force'], []]) await ask(['instance', 'stop', 'web-1', ...flags]);
    expect(cloud.of('instances.stop').map(({ body }) => body)).toEqual([
      { graceSeconds: 5 },
      { graceSeconds: 0 },
      { graceSeconds: 30 },
    ]);
    expect((await ask(['instance', 'stop', 'web-1', '--force', '--grace', '5'])).exit).toBe(2);
  });

  it('tries without changing anything: validateOnly, no waiting', async () => {
    await open(creates);
    const { exit, stderr } = await ask([...create, '--dry-run']);
    expect([exit, stderr]).toEqual([0, 'dry run: nothing is changed\n']);
    expect(cloud.asked.map(({ query }) => query['validateOnly'])).toEqual(['true']);
    expect((await ask(['instance', 'exec', 'web-1', '--dry-run', '--', 'reboot'])).exit).toBe(2);
    expect((await ask(['down', '--all', '--yes', '--dry-run'])).exit).toBe(2);
    expect(cloud.asked).toHaveLength(1);
  });
});

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
    await open(creates);
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
      await open(creates);
      const { exit, stdout, stderr } = await ask(argv);
      expect([exit, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(/^error: /);
      expect(cloud.asked).toHaveLength(0);
    });
  }

  it('lists what there is when a noun or a verb is unknown', async () => {
    await open({});
    const noun = await ask(['tenant', 'list']);
    expect(noun.exit).toBe(2);
    expect(noun.stderr).toContain('There is: up, down, status, doctor, whoami, why, instance, image,');
    const verb = await ask(['instance', 'resize', 'web-1', '--flavor', 'big']);
    expect(verb.exit).toBe(2);
    expect(verb.stderr).toContain('There is: create, list, show, start,');
  });
});

describe('the way to the server', () => {
  it('asks again with the same key when the connection breaks or the server is not ready', async () => {
    await open({
      ...creates,
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
    await open(creates);
    await ask([...create, '--async']);
    await ask([...create, '--async']);
    await ask([...create, '--async', '--idempotency-key', 'mine']);
    const [first, second, third] = cloud.of('instances.create').map(({ headers }) => headers['idempotency-key']);
    expect(first).not.toBe(second);
    expect(third).toBe('mine');
  });

  it('gives up in the end: not ready is 1', async () => {
    await open({ 'flavors.list': () => new Refusal('service.unavailable', 'starting') });
    const { exit, stderr } = await ask(['flavor', 'list']);
    expect([exit, stderr.includes('service.unavailable')]).toEqual([1, true]);
    expect(cloud.asked.length).toBeGreaterThan(2);
  });

  it('says how to start a server when none answers', async () => {
    await open({});
    const gone = cloud.url;
    await cloud.close();
    await open({});
    const { exit, stderr } = await ask(['status'], { env: { STRATA_API: gone } });
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
    await open(creates);
    const { stderr } = await ask([...create, '--async', '--debug']);
    expect(stderr).toMatch(/> POST http:\S+\/v1\/instances {2}key \S+\n< 202 {2}\d+ ms {2}req_1\n/);
    expect(stderr).not.toContain('secret-key');
    expect(cloud.asked[0]?.headers.authorization).toBe('Bearer secret-key');
  });

  it("takes URL and key from the home, and gives the home's key to no other cloud", async () => {
    await open({ 'flavors.list': () => page() });
    const checkout = emptyCheckout();
    const home = join(checkout, 'elsewhere');
    mkdirSync(home);
    writeFileSync(join(checkout, '.strata-home'), `${home}\n`);
    const credentials = { apiUrl: cloud.url, key: 'stored', tenantId: 'ten_default', userId: 'user_admin' };
    writeFileSync(join(home, 'credentials.json'), JSON.stringify(credentials));
    expect((await strata(['flavor', 'list'], { checkout })).exit).toBe(0);
    expect(cloud.asked[0]?.headers.authorization).toBe('Bearer stored');

    const ours = cloud;
    await open({ 'flavors.list': () => page() });
    await strata(['flavor', 'list', '--api', cloud.url], { checkout });
    await ours.close();
    expect(cloud.asked).toHaveLength(1);
    expect(cloud.asked[0]?.headers.authorization).toBeUndefined();
  });
});
