import { againstCloud } from '../testing/against-cloud.js';
import { Refusal, Stream } from '../testing/fake-cloud.js';
import { happened } from '../testing/things.js';
import { newPart } from './instance-log.js';

const { open, ask } = againstCloud();

describe('instance exec', () => {
  it("passes the guest's output and exit code through, and every word after --", async () => {
    const cloud = await open({ 'instances.exec': () => ({ exitCode: 42, stdout: 'out\n', stderr: 'err\n' }) });
    const ran = await ask(['instance', 'exec', 'web-1', '--timeout', '5', '--', 'ls', '-o', 'json', '--debug', '--']);
    expect(ran).toEqual({ exit: 42, stdout: 'out\n', stderr: 'err\n' });
    expect(cloud.asked[0]?.body).toEqual({ argv: ['ls', '-o', 'json', '--debug', '--'], timeoutSeconds: 5 });
  });

  it('shows all of it as JSON, and keeps a failure a failure', async () => {
    await open({ 'instances.exec': () => ({ exitCode: 256, stdout: 'out', stderr: '' }) });
    const { exit, stdout } = await ask(['instance', 'exec', 'web-1', '-o', 'json', '--', 'true']);
    expect(exit).toBe(1);
    expect(JSON.parse(stdout)).toEqual({ exitCode: 256, stdout: 'out', stderr: '' });
  });

  it('says when the guest does not answer, and refuses a time that is too long', async () => {
    await open({ 'instances.exec': () => new Refusal('instance.unreachable', 'no agent') });
    expect((await ask(['instance', 'exec', 'web-1', '--', 'true'])).exit).toBe(5);
    const { exit, stderr } = await ask(['instance', 'exec', 'web-1', '--timeout', '601', '--', 'true']);
    expect(exit).toBe(2);
    expect(stderr).toContain('--timeout: ');
  });
});

describe('instance log', () => {
  it('prints what is there', async () => {
    await open({ 'instances.log': () => ({ log: 'booting\n' }) });
    expect(await ask(['instance', 'log', 'web-1'])).toEqual({ exit: 0, stdout: 'booting\n', stderr: '' });
  });

  it('follows: each byte once, until it is interrupted', async () => {
    const interrupt = new AbortController();
    const logs = ['boot', 'booting\n', 'ting\nlogin: '];
    let next = 0;
    await open({ 'instances.log': () => ({ log: logs[Math.min(next++, 2)] }) });
    const { stdout, exit } = await ask(['instance', 'log', 'web-1', '--follow'], {
      signal: interrupt.signal,
      heard: (text) => text.endsWith('login: ') && interrupt.abort(),
    });
    expect([stdout, exit]).toEqual(['booting\nlogin: ', 130]);
  });

  for (const [before, now, fresh] of [
    ['', 'abc', 'abc'],
    ['abc', 'abc', ''],
    ['abcab', 'cabd', 'd'],
    ['abc', 'xyz', 'xyz'],
    ['aaaa', 'aaaaa', 'a'],
  ] as const) {
    it(`finds "${fresh}" new in "${now}" after "${before}"`, () => {
      expect(newPart(before, now)).toBe(fresh);
    });
  }
});

describe('event tail', () => {
  const message = (position: number) => `id: ${position}\ndata: ${JSON.stringify(happened(position))}\n\n`;
  const streams = (...all: Stream[]) => {
    let next = 0;
    return () => all[Math.min(next++, all.length - 1)] ?? new Stream('', 'ends');
  };

  it('prints a line of JSON for each event and goes on after the last one when the connection breaks', async () => {
    const interrupt = new AbortController();
    const half = message(3);
    const cloud = await open({
      'events.list': streams(
        new Stream(`: hello\n\n${message(1)}${message(2)}${half.slice(0, 40)}`, 'breaks'),
        new Stream(half, 'ends'),
        new Stream(message(4), 'ends'),
      ),
    });
    const { stdout, stderr } = await ask(['event', 'tail', '--since', '0', '--resource', 'inst_1', '-o', 'json'], {
      signal: interrupt.signal,
      heard: (text) => text.includes('"position":4') && interrupt.abort(),
    });
    const lines = stdout.trim().split('\n');
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([1, 2, 3, 4].map(happened));
    expect(stderr).toContain('the connection ended; taking it up again');
    expect(cloud.asked.slice(0, 3).map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '2', '3']);
    expect(cloud.asked[1]?.query['resource']).toBe('inst_1');
    expect(cloud.asked[0]?.headers.accept).toBe('text/event-stream');
  });

  it('prints one line for each otherwise, and ends well after the time that was asked for', async () => {
    await open({ 'events.list': streams(new Stream(message(1), 'ends'), new Stream('', 'ends')) });
    const { exit, stdout } = await ask(['event', 'tail', '--timeout', '0.4']);
    expect(exit).toBe(0);
    expect(stdout).toBe('1  2026-11-22T10:00:00.000Z  InstanceRequested  inst_1  user_admin\n');
  });

  it('says why it may not', async () => {
    await open({ 'events.list': () => new Refusal('auth.required', 'no key') });
    expect((await ask(['event', 'tail'])).exit).toBe(4);
  });
});

describe('why', () => {
  const leaf = { at: null, position: null, source: '/iaas', by: null, effects: [] };
  const call = { ...leaf, id: 'call_1', kind: 'call', what: 'domains.start 12 ms' };
  const seen = { ...leaf, id: 'evt_2', kind: 'event', what: 'InstanceObserved', position: 2 };
  const asked = { ...leaf, id: 'evt_1', kind: 'event', what: 'InstanceRequested', position: 1, effects: [call, seen] };
  const root = {
    ...leaf,
    id: 'req_1',
    kind: 'request',
    what: 'POST /v1/instances',
    by: 'user_admin',
    effects: [asked, seen],
  };

  it('draws the tree of causes', async () => {
    await open({ 'events.why': () => ({ id: 'inst_1', roots: [root] }) });
    expect((await ask(['why', 'inst_1'])).stdout).toBe(
      [
        'POST /v1/instances  (request, by user_admin, req_1)',
        '├─ InstanceRequested  (#1, evt_1)',
        '│  ├─ domains.start 12 ms  (call)',
        '│  └─ InstanceObserved  (#2, evt_2)',
        '└─ InstanceObserved  (#2, evt_2)',
        '',
      ].join('\n'),
    );
  });

  it('answers JSON when asked, and 3 when nothing is known', async () => {
    await open({
      'events.why': ({ params }) =>
        params['id'] === 'x' ? new Refusal('event.not-found', 'x') : { id: 'inst_1', roots: [root] },
    });
    expect(JSON.parse((await ask(['why', 'inst_1', '-o', 'json'])).stdout)).toEqual({ id: 'inst_1', roots: [root] });
    expect((await ask(['why', 'x'])).exit).toBe(3);
  });
});
