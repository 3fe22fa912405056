import { history } from '../history.js';
import { fleet } from '../host/fleet.js';
import { quota } from '../quota/quota.js';
import { isOfAspect, undoOf, whyNot } from './undo.js';

const asked = (type: string, data: object, request = 'req_1') => ({
  id: `evt_${request}`,
  type,
  data,
  meta: { correlationId: request },
});
const instance = (type: string, request?: string) =>
  asked(type, { instanceId: 'inst_1', operationId: 'op_1', revision: 2, forceAt: null }, request);

describe('what can be undone', () => {
  for (const [type, verb] of [
    ['InstanceStopRequested', 'start'],
    ['InstanceStartRequested', 'stop'],
    ['InstancePauseRequested', 'resume'],
    ['InstanceResumeRequested', 'pause'],
    ['InstanceDeletionScheduled', 'restore'],
    ['InstanceRestored', 'delete'],
  ] as const) {
    it(`${type} is undone by ${verb}`, () => {
      expect(whyNot(instance(type), [])).toBeUndefined();
      expect(undoOf(instance(type), undefined)).toMatchObject({ verb, instanceId: 'inst_1' });
    });
  }

  it('limits go back to what they were', () => {
    const limits = { instances: 1, vcpus: 2, memoryMiB: 3, diskGiB: 4 };
    const set = asked('QuotaSet', { limits: { ...limits, vcpus: 9 } });
    expect(undoOf(set, { ...quota.initialState, limits })).toMatchObject({ verb: 'set-quota', limits });
  });

  it('a flavor is offered again in the size that it had', () => {
    const was = { phase: 'offered', name: 'odd', createdAt: 't', vcpus: 1, memoryMiB: 2, diskGiB: 3 };
    expect(undoOf(asked('FlavorDeleted', { name: 'odd' }), was)).toMatchObject({
      verb: 'create-flavor',
      flavor: { name: 'odd', vcpus: 1, memoryMiB: 2, diskGiB: 3 },
    });
  });

  it('is for whoever may do the opposite', () => {
    const accessOf = (type: string, data: object) => undoOf(asked(type, data), fleet.initialState)?.endpoint.access;
    expect(accessOf('HostCordoned', { hostId: 'host_1' })).toBe('platform-administrator');
    expect(accessOf('InstanceStopRequested', { instanceId: 'inst_1' })).toBe('operator');
  });
});

describe('what cannot be undone', () => {
  for (const type of [
    'InstanceRebootRequested',
    'InstanceDeletionRequested',
    'InstanceRequested',
    'ImageBuildRequested',
    'StepFailed',
  ]) {
    it(`${type}, and it says why`, () => {
      expect(whyNot(instance(type), [])).toMatchObject({
        code: 'undo.impossible',
        reason: expect.stringMatching(/: /),
      });
    });
  }

  it('nothing but what is listed: an event of any other kind is no request', () => {
    const listed = Object.keys(history).filter((type) => undoOf(asked(type, {}), quota.initialState) !== undefined);
    expect(listed.filter((type) => !isOfAspect(asked(type, {})))).toEqual([]);
    expect(whyNot(asked('QuotaReserved', {}), [])).toMatchObject({ code: 'undo.impossible' });
  });

  it('what was changed again since, until that is undone', () => {
    const later = [instance('InstanceObserved', 'host_1'), instance('InstanceStartRequested', 'req_2')];
    expect(whyNot(instance('InstanceStopRequested'), later)).toMatchObject({
      code: 'undo.superseded',
      details: { requestId: 'req_2' },
    });
    const purged = [instance('InstanceDeletionRequested', 'inst_1')];
    expect(whyNot(instance('InstanceDeletionScheduled'), purged)).toMatchObject({
      code: 'undo.superseded',
      reason: expect.stringContaining('by itself'),
    });
  });

  it('but one host is not changed by another, although they share a stream', () => {
    const cordoned = (hostId: string, request: string) => asked('HostCordoned', { hostId }, request);
    expect(whyNot(cordoned('host_1', 'req_1'), [cordoned('host_2', 'req_2')])).toBeUndefined();
    expect(whyNot(cordoned('host_1', 'req_1'), [cordoned('host_1', 'req_2')])).toBeDefined();
  });
});
