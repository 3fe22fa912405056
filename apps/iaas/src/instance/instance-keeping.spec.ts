import { sentences } from '@strata/testing/event-sourcing';
import { meta, observed, reached, requested, running, sight, stopped } from './instance.fixtures.js';
import { instance } from './instance.js';
import { PurgeInstance, RestoreInstance } from './instance-keeping.js';
import { StartInstance } from './instance-power.js';
import { DeleteInstance } from './instance-removal.js';
import { ReportInstance } from './instance-sight.js';
import { statusOf } from './instance-state.js';
import type { InstanceEvent } from './instance.js';

const { given } = sentences(instance);
const by = (operationId: string) => ({ instanceId: 'inst_1', operationId });
const until = '2026-01-01T01:00:00.000Z';
const later = { ...meta, at: '2026-01-01T01:00:00.001Z' };
const remove = (keepSeconds: number) => new DeleteInstance({ ...by('op_d'), keepSeconds }, meta);
const restore = new RestoreInstance(by('op_r'), meta);
const purge = (at = later) => new PurgeInstance({ ...by('op_p'), until }, at);

const scheduled = (power: 'on' | 'off', revision: number, forceAt: string | null): InstanceEvent => ({
  type: 'InstanceDeletionScheduled',
  data: { ...by('op_d'), until, power, revision, forceAt },
});
const removal = (operationId: string): InstanceEvent => ({
  type: 'InstanceDeletionRequested',
  data: { ...by(operationId), networkId: 'net_1' },
});
const restored = (power: 'on' | 'off', revision: number): InstanceEvent => ({
  type: 'InstanceRestored',
  data: { ...by('op_r'), power, revision },
});

const stopping = [...running, scheduled('on', 2, '2026-01-01T00:00:30.000Z')];
const kept = [...stopping, observed('off', 3, { applied: 2 }), reached('off', 'op_d')];
const keptOff = [...stopped, scheduled('off', 2, null), reached('off', 'op_d')];

describe('an instance of a tenant that keeps what it deletes', () => {
  it('is stopped, and is deleted from then on', () => {
    given(...running)
      .when(remove(3600))
      .then(scheduled('on', 2, '2026-01-01T00:00:30.000Z'));
    expect(given(...stopping).state).toMatchObject({ wish: { power: 'off', presence: 'present', revision: 2 } });
    expect([stopping, kept, keptOff].map((it) => statusOf(given(...it).state))).toEqual([
      'deleted',
      'deleted',
      'deleted',
    ]);
  });
  it('that is off already has nothing to wait for', () =>
    given(...stopped)
      .when(remove(3600))
      .then(scheduled('off', 2, null), reached('off', 'op_d')));
  it('is deleted once', () => {
    given(...stopping)
      .when(remove(3600))
      .changesNothing();
    given(...kept)
      .when(new DeleteInstance({ ...by('op_again'), keepSeconds: 60 }, meta))
      .changesNothing();
  });
  it('is gone at once where nothing is kept, or nothing is worth it', () => {
    given(...running)
      .when(remove(0))
      .then(removal('op_d'));
    given(...kept)
      .when(remove(0))
      .then(removal('op_d'));
    const failed: InstanceEvent = { type: 'InstanceFailed', data: { ...by('op_create'), reason: 'no room' } };
    given(requested, failed).when(remove(3600)).then(removal('op_d'));
  });
  it('can be restored and deleted for good, and nothing else', () =>
    given(...kept)
      .when(new StartInstance(by('op_s'), meta))
      .isRejected('instance.wrong-state'));

  it('is restored to what it was', () => {
    given(...kept)
      .when(restore)
      .then(restored('on', 3));
    expect(given(...kept, restored('on', 3)).state).toMatchObject({ kept: null, wish: { power: 'on', revision: 3 } });
    given(...kept, restored('on', 3))
      .when(new ReportInstance({ instanceId: 'inst_1', hostId: 'host_1', sight: sight('on', 4, { applied: 3 }) }, meta))
      .then(observed('on', 4, { applied: 3 }), reached('on', 'op_r'));
    given(...keptOff)
      .when(restore)
      .then(restored('off', 2), reached('off', 'op_r'));
    expect(statusOf(given(...keptOff, restored('off', 2), reached('off', 'op_r')).state)).toBe('stopped');
  });
  it('is restored once', () =>
    given(...kept, restored('on', 3))
      .when(restore)
      .changesNothing());
  it('is not restored while its guest is still being stopped', () =>
    given(...stopping)
      .when(restore)
      .isRejected('instance.busy'));
  it('is not restored when its time is over', () =>
    given(...kept)
      .when(new RestoreInstance(by('op_r'), later))
      .isRejected('instance.not-found'));

  it('is removed when its time is over, and not before', () => {
    given(...kept)
      .when(purge())
      .then(removal('op_p'));
    given(...kept)
      .when(purge({ ...meta, at: '2026-01-01T00:59:59.999Z' }))
      .changesNothing();
  });
  it('is not removed if it was restored meanwhile', () =>
    given(...keptOff, restored('off', 2), reached('off', 'op_r'))
      .when(purge())
      .changesNothing());
  it('is not removed for an earlier deletion that was taken back', () => {
    const again: InstanceEvent = {
      type: 'InstanceDeletionScheduled',
      data: { ...by('op_e'), until: '2026-01-01T02:00:00.000Z', power: 'off', revision: 2, forceAt: null },
    };
    given(...keptOff, restored('off', 2), reached('off', 'op_r'), again, reached('off', 'op_e'))
      .when(purge())
      .changesNothing();
  });
});
