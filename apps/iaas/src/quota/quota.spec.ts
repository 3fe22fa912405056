import { sentences } from '@strata/testing/event-sourcing';
import { meta } from '../instance/instance.fixtures.js';
import { ReleaseQuota, ReserveQuota, SetQuota, quota } from './quota.js';
import type { QuotaEvent } from './quota.js';

const { given } = sentences(quota);
const demand = (n: number) => ({
  instanceId: `inst_${n}`,
  operationId: 'op_1',
  name: `web-${n}`,
  vcpus: 1,
  memoryMiB: 512,
  diskGiB: 4,
});
const reserve = (n: number) => new ReserveQuota(demand(n), meta);
const reserved = (n: number): QuotaEvent => ({ type: 'QuotaReserved', data: { ...demand(n), at: meta.at } });
const two: QuotaEvent = {
  type: 'QuotaSet',
  data: { limits: { instances: 2, vcpus: 9, memoryMiB: 9999, diskGiB: 99 } },
};

describe('a quota', () => {
  it('reserves', () => given(two).when(reserve(1)).then(reserved(1)));
  it('reserves for an instance once', () => given(two, reserved(1)).when(reserve(1)).changesNothing());
  it('refuses what is beyond it', () =>
    given(two, reserved(1), reserved(2)).when(reserve(3)).isRejected('quota.exceeded'));
  it('holds the name', () =>
    given(reserved(1))
      .when(new ReserveQuota({ ...demand(2), name: 'web-1' }, meta))
      .isRejected('instance.name-taken'));
  it('has room again after a release', () =>
    given(two, reserved(1), reserved(2), { type: 'QuotaReleased', data: { instanceId: 'inst_1' } })
      .when(reserve(1))
      .then(reserved(1)));
  it('releases once', () =>
    given(two)
      .when(new ReleaseQuota({ instanceId: 'inst_1' }, meta))
      .changesNothing());
  it('keeps the limits that are left out', () =>
    given(two)
      .when(new SetQuota({ limits: { vcpus: 5 } }, meta))
      .then({ type: 'QuotaSet', data: { limits: { instances: 2, vcpus: 5, memoryMiB: 9999, diskGiB: 99 } } }));
  it('that is set to what it is stays', () =>
    given(two)
      .when(new SetQuota({ limits: { vcpus: 9 } }, meta))
      .changesNothing());
});
