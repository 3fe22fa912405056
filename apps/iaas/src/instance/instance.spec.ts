import { instanceCan } from '@strata/contracts';
import type { InstanceVerb } from '@strata/contracts';
import { sentences } from '@strata/testing/event-sourcing';
import {
  bootRequested,
  diskRequested,
  it1,
  meta,
  observed,
  placement,
  reached,
  requested,
  running,
  sight,
  spec,
  stopRequested,
  stopped,
} from './instance.fixtures.js';
import { instance } from './instance.js';
import { BootInstance, BuildDisk, CreateInstance, FailInstance } from './instance-building.js';
import { RestoreInstance } from './instance-keeping.js';
import { DeleteInstance, RemoveGuest } from './instance-removal.js';
import { PauseInstance, RebootInstance, ResumeInstance, StartInstance, StopInstance } from './instance-power.js';
import { RunInGuest } from './instance-exec.js';
import { ReportInstance } from './instance-sight.js';
import { statusOf } from './instance-state.js';
import type { InstanceCommand, InstanceEvent } from './instance.js';

const { given } = sentences(instance);
const by = (operationId: string) => ({ instanceId: 'inst_1', operationId });
const create = new CreateInstance({ ...it1, name: 'web', spec }, meta);
const stop = new StopInstance({ ...by('op_stop'), graceSeconds: 30 }, meta);
const report = (...args: Parameters<typeof sight>) =>
  new ReportInstance({ instanceId: 'inst_1', hostId: 'host_1', sight: sight(...args) }, meta);
const paused = [
  ...running,
  { type: 'InstancePauseRequested', data: { ...by('op_p'), revision: 2, forceAt: null } },
  observed('paused', 3, { applied: 2 }),
  reached('paused', 'op_p'),
] as const;

describe('an instance', () => {
  it('is requested', () => given().when(create).then(requested));
  it('is requested once, however often it is asked for', () => given(requested).when(create).changesNothing());
  it('keeps its id from another request', () =>
    given(requested)
      .when(new CreateInstance({ ...it1, name: 'other', spec }, meta))
      .isRejected('instance.exists'));
  it('gets a disk where it was placed', () =>
    given(requested)
      .when(new BuildDisk({ ...it1, placement }, meta))
      .then(diskRequested));
  it('gets one disk', () =>
    given(requested, diskRequested)
      .when(new BuildDisk({ ...it1, placement }, meta))
      .changesNothing());
  it('is booted when its disk is there', () =>
    given(requested, diskRequested).when(new BootInstance(it1, meta)).then(bootRequested));
  it('runs when its host says so', () => expect(statusOf(given(...running).state)).toBe('running'));
  it('remembers that somebody ran a command inside, and not which', () =>
    given(...running)
      .when(new RunInGuest({ instanceId: 'inst_1' }, meta))
      .then({ type: 'InstanceExecRequested', data: { instanceId: 'inst_1' } }));
  it('runs no command when it does not run', () =>
    given(...stopped)
      .when(new RunInGuest({ instanceId: 'inst_1' }, meta))
      .isRejected('instance.wrong-state'));
  it('is asked to stop, and forced after the grace', () =>
    given(...running)
      .when(stop)
      .then(stopRequested));
  it('is asked to stop once', () =>
    given(...running, stopRequested)
      .when(stop)
      .changesNothing());
  it('cannot stop while it is being built', () => given(requested).when(stop).isRejected('instance.busy'));
  it('that stopped need not stop', () =>
    given(...stopped)
      .when(stop)
      .changesNothing());
  it('that was never made cannot stop', () => given().when(stop).isRejected('instance.not-found'));
  it('can be deleted after it failed', () => {
    const failed: InstanceEvent = { type: 'InstanceFailed', data: { ...it1, reason: 'no room' } };
    const deletion: InstanceEvent = { type: 'InstanceDeletionRequested', data: { ...by('op_d'), networkId: 'net_1' } };
    given(requested, failed)
      .when(new DeleteInstance({ ...by('op_d'), keepSeconds: 0 }, meta))
      .then(deletion);
    expect(statusOf(given(requested, failed).state)).toBe('error');
  });
  it('without a guest has nothing to remove', () =>
    given(requested).when(new RemoveGuest(it1, meta)).then({ type: 'InstanceGuestRemoved', data: it1 }));
  it('that runs is not failed by a late message', () =>
    given(...running)
      .when(new FailInstance({ ...it1, reason: 'late' }, meta))
      .changesNothing());
});

describe('what a host reports', () => {
  it('is told once', () =>
    given(...running)
      .when(report('on', 3))
      .changesNothing());
  it('that is older than what is known changes nothing', () =>
    given(...stopped)
      .when(report('on', 2))
      .changesNothing());
  it('by a host that does not hold the guest changes nothing', () =>
    given(...running)
      .when(new ReportInstance({ instanceId: 'inst_1', hostId: 'host_2', sight: sight('off', 9) }, meta))
      .changesNothing());
  it('ends the operation when the wish is met', () =>
    given(...running, stopRequested)
      .when(report('off', 3, { applied: 2 }))
      .then(observed('off', 3, { applied: 2 }), reached('off', 'op_stop')));
  it('does not end it before the wish was carried out', () =>
    given(...running, stopRequested)
      .when(report('off', 3, { applied: 1 }))
      .then(observed('off', 3, { applied: 1 })));
  it('that nobody asked for is drift: the wish follows, the reason is kept', () => {
    const crash = { reason: 'crashed' };
    const drifted: InstanceEvent = {
      type: 'InstanceDrifted',
      data: { instanceId: 'inst_1', power: 'off', reason: 'crashed' },
    };
    given(...running)
      .when(report('off', 3, crash))
      .then(observed('off', 3, crash), drifted);
    const state = given(...running, observed('off', 3, crash), drifted).state;
    expect(state).toMatchObject({ wish: { power: 'off' }, reason: 'crashed' });
    expect(statusOf(state)).toBe('stopped');
  });
  it('that says nothing is unknown and changes no wish', () => {
    given(...running)
      .when(report('unknown', 3, { disk: 'unknown' }))
      .then(observed('unknown', 3, { disk: 'unknown' }));
    const { state } = given(...running, observed('unknown', 3, { disk: 'unknown' }));
    expect(statusOf(state)).toBe('unknown');
    expect(state).toMatchObject({ wish: { power: 'on' } });
  });
  it('that the disk is gone is an error for good', () => {
    const lost = { disk: 'absent', problem: { message: 'the root disk is gone', final: true } } as const;
    const drifted: InstanceEvent = {
      type: 'InstanceDrifted',
      data: { instanceId: 'inst_1', power: 'off', reason: 'the root disk is gone' },
    };
    given(...stopped)
      .when(report('off', 4, { ...lost, applied: 2 }))
      .then(observed('off', 4, { ...lost, applied: 2 }), drifted);
    expect(statusOf(given(...stopped, observed('off', 4, { ...lost, applied: 2 }), drifted).state)).toBe('error');
  });
  it('that the wish cannot be met fails the operation, also the second time', () => {
    const problem = { message: 'no such disk', final: true };
    const failed: InstanceEvent = {
      type: 'InstanceTaskFailed',
      data: { ...by('op_stop'), code: 'instance.task-failed', reason: 'no such disk' },
    };
    given(...running, observed('on', 3, { problem }), stopRequested)
      .when(report('on', 4, { problem }))
      .then(observed('on', 4, { problem }), failed);
  });
  it('that nothing is left ends a removal, also when nothing was ever there', () => {
    const removal: InstanceEvent = { type: 'InstanceRemovalRequested', data: it1 };
    const gone = { disk: 'absent', applied: 0 } as const;
    given(requested, diskRequested, removal)
      .when(report('absent', 1, gone))
      .then(observed('absent', 1, gone), { type: 'InstanceGuestRemoved', data: it1 });
  });
});

describe('the table of transitions', () => {
  const command: Record<InstanceVerb, InstanceCommand> = {
    start: new StartInstance(by('op_x'), meta),
    stop: new StopInstance({ ...by('op_x'), graceSeconds: 1 }, meta),
    reboot: new RebootInstance({ ...by('op_x'), graceSeconds: 1 }, meta),
    pause: new PauseInstance(by('op_x'), meta),
    resume: new ResumeInstance(by('op_x'), meta),
    delete: new DeleteInstance({ ...by('op_x'), keepSeconds: 0 }, meta),
    restore: new RestoreInstance(by('op_x'), meta),
  };
  const histories = { running, stopped, paused } as const;

  for (const [status, history] of Object.entries(histories))
    for (const [verb, { from, to }] of Object.entries(instanceCan)) {
      const allowed = from.some((it) => it === status);
      it(`${allowed ? 'lets' : 'does not let'} an instance that is ${status} ${verb}`, () => {
        const decided = given(...history).when(command[verb as InstanceVerb]); // keys of the table are its verbs
        if (allowed) expect(decided.decision).toHaveLength(1);
        else if (to === status && verb !== 'reboot') decided.changesNothing();
        else decided.isRejected('instance.wrong-state');
      });
    }
});
