import type { Activity, InstanceExplanation } from '@strata/contracts';
import { againstCloud } from '../testing/against-cloud.js';
import { Refusal } from '../testing/fake-cloud.js';
import { succeeded } from '../testing/things.js';

const { open, ask } = againstCloud();
const at = '2026-11-22T10:00:00.000Z';

const stopped: Activity = {
  id: 'req_1',
  eventId: 'evt_1',
  position: 9,
  at,
  actor: 'user_admin',
  tenantId: 'ten_default',
  verb: 'stop',
  resource: { type: 'instance', id: 'inst_1' },
  result: 'succeeded',
  reason: null,
  operationId: 'op_1',
  endedAt: at,
  changes: [
    { field: 'guestAgent', before: true, after: false },
    { field: 'status', before: 'running', after: 'stopped' },
  ],
  cannotUndo: null,
};
const rebooted: Activity = { ...stopped, id: 'req_2', verb: 'reboot', changes: [], cannotUndo: 'it is over' };
const page = (...items: Activity[]) => ({ items, nextPageToken: null });

describe('strata activity', () => {
  it('shows a line for each request: who, what, what came of it, and whether it can be undone', async () => {
    const cloud = await open({ 'activity.list': () => page(stopped, rebooted) });
    const { stdout, exit } = await ask(['activity', '--resource', 'inst_1', '--actor', 'user_admin']);
    expect(exit).toBe(0);
    expect(stdout).toBe(
      [
        'TIME                      ACTOR       WHAT             RESOURCE  RESULT     CHANGES                         UNDO  REQUEST',
        `${at}  user_admin  stop instance    inst_1    succeeded  status: running → stopped (+1)  yes   req_1`,
        `${at}  user_admin  reboot instance  inst_1    succeeded  -                               no    req_2`,
        '',
      ].join('\n'),
    );
    expect(cloud.asked[0]?.query).toMatchObject({ resource: 'inst_1', actor: 'user_admin', pageSize: 20 });
  });

  it('shows every field that changed with --diff, and more than a screen when asked', async () => {
    const cloud = await open({ 'activity.list': () => page(stopped) });
    const { stdout } = await ask(['activity', '--diff', '--limit', '3']);
    const cells = stdout.split('\n').map((line) => line.split(/ {2,}/).slice(5, 8));
    expect(cells.slice(0, 3)).toEqual([
      ['FIELD', 'BEFORE', 'AFTER'],
      ['guestAgent', 'true', 'false'],
      ['status', 'running', 'stopped'],
    ]);
    expect(cloud.asked[0]?.query).toMatchObject({ pageSize: 3 });
  });

  it('is whole as JSON', async () => {
    await open({ 'activity.list': () => page(stopped) });
    expect(JSON.parse((await ask(['activity', '-o', 'json'])).stdout)).toEqual([stopped]);
  });
});

describe('strata undo', () => {
  it('takes back what is named and shows how that ended', async () => {
    const cloud = await open({ 'activity.undo': () => ({ ...succeeded, name: 'start-instance' }) });
    const { stdout, exit } = await ask(['undo', 'req_1']);
    expect([exit, cloud.asked[0]?.params]).toEqual([0, { id: 'req_1' }]);
    expect(stdout).toContain('start-instance');
  });

  it('only tries it with --dry-run', async () => {
    const cloud = await open({ 'activity.undo': () => succeeded });
    await ask(['undo', 'req_1', '--dry-run']);
    expect(cloud.asked[0]?.query).toEqual({ validateOnly: 'true' });
  });

  it('says why there is no way back', async () => {
    await open({ 'activity.undo': () => new Refusal('undo.impossible', 'a reboot cannot be taken back') });
    const { exit, stderr } = await ask(['undo', 'req_2']);
    expect(exit).toBe(5);
    expect(stderr).toContain('a reboot cannot be taken back');
  });
});

describe('strata instance explain', () => {
  const moment = { eventId: 'evt_1', position: 9, at, by: 'user_admin' };
  const explanation: InstanceExplanation = {
    id: 'inst_1',
    name: 'web-1',
    status: 'stopped',
    task: null,
    because: ['It is on host_1.', 'It can start, delete now.'],
    placement: null,
    wish: { presence: 'present', power: 'off', revision: 2, asked: { ...moment, requestId: 'req_1' } },
    sight: { disk: 'present', power: 'off', applied: 2, guestAgent: false, seen: moment },
    events: [{ ...moment, type: 'InstanceStopRequested' }],
    verbs: [
      { verb: 'start', allowed: true, because: null },
      { verb: 'pause', allowed: false, because: 'it is stopped' },
    ],
  };

  it('says it in sentences, with what happened last and what may be asked', async () => {
    await open({ 'instances.explain': () => explanation });
    const { stdout, exit } = await ask(['instance', 'explain', 'web-1']);
    expect(exit).toBe(0);
    expect(stdout).toBe(
      [
        'web-1 is stopped',
        '',
        'It is on host_1.',
        'It can start, delete now.',
        '',
        'POSITION  TIME                      EVENT                  BY',
        `#9        ${at}  InstanceStopRequested  user_admin`,
        '',
        'start  yes  -',
        'pause  no   it is stopped',
        '',
      ].join('\n'),
    );
  });

  it('is whole as JSON', async () => {
    await open({ 'instances.explain': () => explanation });
    expect(JSON.parse((await ask(['instance', 'explain', 'web-1', '-o', 'json'])).stdout)).toEqual(explanation);
  });
});
