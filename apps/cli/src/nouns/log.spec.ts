import type { LogFault, LogRebuild, LogReport } from '@strata/contracts';
import { GENESIS, chained, lineOf } from '@strata/event-store';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { z } from 'zod';
import { againstCloud, inTurn } from '../testing/against-cloud.js';
import { emptyCheckout, removeCheckouts } from '../testing/command-line.js';
import { Refusal, Stream } from '../testing/fake-cloud.js';
import { begun, succeeded } from '../testing/things.js';

const { open, ask } = againstCloud();

afterAll(removeCheckouts);

const hash = 'ab'.repeat(32);
const checkpoint = { position: 3, hash, at: '2026-11-25T08:00:00.000Z', keyId: '0123456789abcdef', signature: 'c2ln' };
const report: LogReport = {
  log: 'iaas',
  events: 3,
  position: 3,
  hash,
  checkpoints: 1,
  lastCheckpoint: checkpoint,
  faults: [],
  more: 0,
  seconds: 0.5,
  eventsPerSecond: 6,
};
const fault: z.infer<typeof LogFault> = {
  kind: 'changed',
  from: 2,
  to: 2,
  streams: ['ten_a/instance-inst_1'],
  what: 'the event is not what was stored',
};
const told = (...reports: readonly LogReport[]) =>
  new Stream(
    reports
      .map((it) => {
        const progress = { log: it.log, events: 1, position: 1, head: 3, faults: 0 };
        return `id: 1\nevent: progress\ndata: ${JSON.stringify(progress)}\n\nid: 2\nevent: done\ndata: ${JSON.stringify(it)}\n\n`;
      })
      .join(''),
    'ends',
  );

describe('log verify', () => {
  it('shows what came of each log, and ends well when all is as it was', async () => {
    const cloud = await open({ 'logs.verify': () => told(report, { ...report, log: 'identity' }) });
    const { exit, stdout, stderr } = await ask(['log', 'verify']);
    expect([exit, stderr]).toEqual([0, '']);
    expect(stdout).toBe(
      [
        'LOG       EVENTS  FAULTS  SIGNED_UP_TO  EVENTS_PER_SECOND  HASH',
        `iaas      3       0       3             6                  ${hash}`,
        `identity  3       0       3             6                  ${hash}`,
        '',
      ].join('\n'),
    );
    expect(cloud.asked[0]?.headers.accept).toBe('text/event-stream');
  });

  it('names every fault, and fails', async () => {
    const missing = { ...fault, kind: 'missing' as const, from: 5, to: 9, streams: [], what: '5 events are missing' };
    await open({ 'logs.verify': () => told({ ...report, faults: [fault, missing], more: 7 }) });
    const { exit, stdout } = await ask(['log', 'verify']);
    expect(exit).toBe(1);
    expect(stdout).toContain('iaas 2: changed (ten_a/instance-inst_1): the event is not what was stored\n');
    expect(stdout).toContain('iaas 5 to 9: missing: 5 events are missing\n');
    expect(stdout).toContain('iaas: and 7 more\n');
    const json = await ask(['log', 'verify', '-o', 'json']);
    expect([json.exit, JSON.parse(json.stdout)]).toEqual([1, [{ ...report, faults: [fault, missing], more: 7 }]]);
  });

  it('says how far it is where somebody looks', async () => {
    await open({ 'logs.verify': () => told(report) });
    const { stderr } = await ask(['log', 'verify'], { isTTY: true, env: { NO_COLOR: '1' } });
    expect(stderr).toContain('iaas: 1 of 3 events');
    expect(stderr.endsWith('\r\u001b[K')).toBe(true);
  });

  it('takes no half of an answer for all of it', async () => {
    await open({ 'logs.verify': () => new Stream('id: 1\ndata: {"log":"iaas","events":1,"head":3}\n\n', 'ends') });
    const { exit, stderr } = await ask(['log', 'verify']);
    expect([exit, stderr]).toEqual([1, expect.stringContaining('stopped before it was done')]);
  });
});

describe('log rebuild', () => {
  const rebuilt: LogRebuild = {
    operationId: begun.id,
    status: 'succeeded',
    reason: null,
    events: 1_000_000,
    seconds: 20,
    eventsPerSecond: 50_000,
    views: [{ view: 'iaas/instance', rows: 7, before: 'aa', after: 'aa' }],
  };

  it('follows it to its end, and shows the hashes before and after', async () => {
    const cloud = await open({
      'logs.rebuild': () => begun,
      'operations.show': inTurn(begun, succeeded),
      'logs.rebuilt': () => rebuilt,
    });
    const { exit, stdout } = await ask(['log', 'rebuild', 'instance', 'iaas/trail']);
    expect(exit).toBe(0);
    expect(stdout).toBe(
      [
        'VIEW           ROWS  HASH_BEFORE  HASH_AFTER',
        'iaas/instance  7     aa           aa',
        '1,000,000 events in 20.0 s: 50,000 events/s',
        '',
      ].join('\n'),
    );
    expect(cloud.of('logs.rebuild')[0]?.body).toEqual({ views: ['instance', 'iaas/trail'] });
    await ask(['log', 'rebuild']);
    expect(cloud.of('logs.rebuild')[1]?.body).toEqual({});
  });

  it('says whose rows were not what the log says', async () => {
    const [view] = rebuilt.views;
    const views = view
      ? [
          { ...view, after: 'bb' },
          { ...view, view: 'iaas/trail', before: null },
        ]
      : [];
    await open({
      'logs.rebuild': () => begun,
      'operations.show': () => succeeded,
      'logs.rebuilt': () => ({ ...rebuilt, views }),
    });
    const { exit, stderr } = await ask(['log', 'rebuild']);
    expect([exit, stderr]).toEqual([
      0,
      expect.stringContaining('the rows of iaas/instance were not what the log says'),
    ]);
  });

  it('prints the operation with --async, and says why it may not', async () => {
    await open({ 'logs.rebuild': () => begun });
    const { stdout } = await ask(['log', 'rebuild', '--async', '-o', 'json']);
    expect(JSON.parse(stdout)).toEqual(begun);
    await open({ 'logs.rebuild': () => new Refusal('log.damaged', 'see `strata log verify`') });
    expect((await ask(['log', 'rebuild'])).exit).toBe(5);
  });
});

describe('log export', () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'strata-cli-export-'))));
  afterEach(() => rm(folder, { recursive: true }));

  /** Three events as a server tells them. */
  const lines = (() => {
    let before = GENESIS;
    return [1, 2, 3].map((position) => {
      const id = `019aa000-0000-7000-8000-00000000000${position}`;
      const origin = {
        tenantId: 'ten_a',
        actor: 'user_1',
        correlationId: 'req_1',
        causationId: 'req_1',
        commandId: id,
      };
      const at = '2026-11-25T08:00:00.000Z';
      const line = lineOf({
        ...{ position, stream: 'ten_a/note-1', version: position, type: 'Noted', schemaVersion: 1, id, at },
        ...{ recordedAt: at, meta: JSON.stringify(origin), data: JSON.stringify({ text: `ünï ${position}` }) },
      });
      before = chained(before, line);
      return `${line.slice(0, -1)},"hash":"${before}"}`;
    });
  })();
  const state = { name: 'iaas', position: 3, checkpoint: null, views: ['note'], damage: null };
  const answers = (text: string) => ({
    'logs.status': () => ({ logs: [state], keys: [] }),
    'logs.lines': () => new Stream(text, 'ends'),
    'logs.checkpoint': () => ({ checkpoint: null }),
  });

  it('writes what is told, checked on the way, so that it can be verified without a server', async () => {
    await open(answers(`${lines.join('\n')}\n`));
    const place = join(folder, 'all');
    const { exit, stdout } = await ask(['log', 'export', place]);
    expect(exit).toBe(0);
    expect(stdout).toMatch(/^LOG +EVENTS +POSITION +SIGNED_UP_TO +FILES +BYTES\niaas +3 +3 +- +1 +\d+\n$/);
    const verified = await ask(['log', 'verify', '--file', place], { checkout: emptyCheckout() });
    expect([verified.exit, verified.stderr]).toEqual([0, '']);
    expect(verified.stdout).toMatch(/iaas +3 +0 +- +\d+ +[0-9a-f]{64}\n/);
    expect((await ask(['log', 'verify', '--file', place, '--log', 'other'])).exit).toBe(3);
  });

  it('stops at the first line that is not what was stored', async () => {
    await open(answers(`${lines.join('\n').replace('ünï 2', 'ünï 9')}\n`));
    const { exit, stderr } = await ask(['log', 'export', join(folder, 'all')]);
    expect([exit, stderr]).toEqual([1, expect.stringContaining('the log iaas is damaged at 2')]);
  });

  it('refuses a folder with something else in it, and names no log that is not there', async () => {
    await open(answers(''));
    await writeFile(join(folder, 'diary.txt'), 'dear diary');
    const { exit, stderr } = await ask(['log', 'export', folder]);
    expect([exit, stderr]).toEqual([1, expect.stringContaining('something else')]);
    expect(await readFile(join(folder, 'diary.txt'), 'utf8')).toBe('dear diary');
    expect((await ask(['log', 'export', join(folder, 'all'), '--log', 'other'])).exit).toBe(3);
  });

  it('is not verified from a folder that holds none, and its keys are not named to a server', async () => {
    await open({});
    expect((await ask(['log', 'verify', '--file', folder])).stderr).toContain('there is no export');
    expect((await ask(['log', 'verify', '--key', 'keys.pem'])).exit).toBe(2);
    expect((await ask(['log', 'import', folder])).exit).toBe(2);
  });
});

it('log status tells where each log is signed, and the keys', async () => {
  const state = { name: 'iaas', position: 4, checkpoint, views: ['instance'], damage: null };
  await open({ 'logs.status': () => ({ logs: [state], keys: [{ id: '0123456789abcdef', publicKey: 'PEM' }] }) });
  const { stdout } = await ask(['log', 'status']);
  expect(stdout).toBe(
    [
      'NAME  POSITION  SIGNED_UP_TO  READ_MODELS  DAMAGE',
      'iaas  4         3             instance     -',
      'public key 0123456789abcdef',
      '',
    ].join('\n'),
  );
});
