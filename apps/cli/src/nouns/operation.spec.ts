import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { againstCloud, create, creates, inTurn } from '../testing/against-cloud.js';
import { emptyCheckout, removeCheckouts } from '../testing/command-line.js';
import { Refusal, silence } from '../testing/fake-cloud.js';
import { begun, building, failed, succeeded, web } from '../testing/things.js';

const { open, ask } = againstCloud();

afterAll(removeCheckouts);

describe('operations', () => {
  it('waits for the end, says each step once, and prints the thing itself', async () => {
    await open(creates());
    const { exit, stdout, stderr } = await ask([...create, '-o', 'json']);
    expect(exit).toBe(0);
    expect(JSON.parse(stdout)).toEqual(web);
    expect(stderr).toBe('web-1: scheduling (1/2)\nweb-1: building-disk (2/2)\nweb-1: succeeded\n');
  });

  it('rewrites one line at a terminal and leaves none behind', async () => {
    await open(creates());
    const { stderr } = await ask(create, { isTTY: true, env: { NO_COLOR: '1' } });
    const [before, ...lines] = stderr.split('\r\u001b[K');
    expect([before, lines.pop()]).toEqual(['', '']);
    for (const line of lines) expect(line).toMatch(/^web-1: .+ s$/);
    expect(lines.length).toBeGreaterThan(1);
  });

  it('prints the operation at once with --async', async () => {
    const cloud = await open(creates());
    const { exit, stdout } = await ask([...create, '--async', '-o', 'name']);
    expect([exit, stdout]).toEqual([0, 'op_1\n']);
    expect(cloud.of('operations.show')).toHaveLength(0);
  });

  it('sends what was given, where the contract wants it', async () => {
    const key = join(emptyCheckout(), 'key.pub');
    writeFileSync(key, 'ssh-ed25519 AAAA me\n');
    const cloud = await open(creates());
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
    await open({ ...creates(), 'operations.show': () => building });
    const { exit, stderr } = await ask([...create, '--timeout', '0.3']);
    expect(exit).toBe(7);
    expect(stderr).toContain('operation op_1 goes on');
  });

  it('gives up at the time-out when the server is silent, and when it is interrupted', async () => {
    const interrupt = new AbortController();
    await open({ ...creates(), 'operations.show': () => silence });
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
      await open({ ...creates(), 'operations.show': () => failed(code, 'no room anywhere') });
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
    const cloud = await open({
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
    const cloud = await open({ ...creates(), 'instances.stop': () => begun, 'operations.show': () => succeeded });
    for (const flags of [['--grace', '5'], ['--force'], []]) await ask(['instance', 'stop', 'web-1', ...flags]);
    expect(cloud.of('instances.stop').map(({ body }) => body)).toEqual([
      { graceSeconds: 5 },
      { graceSeconds: 0 },
      { graceSeconds: 30 },
    ]);
    expect((await ask(['instance', 'stop', 'web-1', '--force', '--grace', '5'])).exit).toBe(2);
  });

  it('tries without changing anything: validateOnly, no waiting', async () => {
    const cloud = await open(creates());
    const { exit, stderr } = await ask([...create, '--dry-run']);
    expect([exit, stderr]).toEqual([0, 'dry run: nothing is changed\n']);
    expect(cloud.asked.map(({ query }) => query['validateOnly'])).toEqual(['true']);
    expect((await ask(['instance', 'exec', 'web-1', '--dry-run', '--', 'reboot'])).exit).toBe(2);
    expect((await ask(['down', '--all', '--yes', '--dry-run'])).exit).toBe(2);
    expect(cloud.asked).toHaveLength(1);
  });
});
