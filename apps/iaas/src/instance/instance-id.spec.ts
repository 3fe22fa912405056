import { sentences } from '@strata/testing/event-sourcing';
import { ClaimInstanceId, instanceId } from './instance-id.js';
import type { InstanceIdEvent } from './instance-id.js';

const claim = (tenantId: string) =>
  new ClaimInstanceId(
    { instanceId: 'inst_web' },
    { commandId: '', at: '2026-01-01T00:00:00.000Z', tenantId, actor: 'a', correlationId: 'c', causationId: 'c' },
  );
const claimed: InstanceIdEvent = { type: 'InstanceIdClaimed', data: { instanceId: 'inst_web', tenantId: 'ten_a' } };

const { given } = sentences(instanceId);

describe('the id of an instance, chosen by who asks', () => {
  it('is claimed', () => given().when(claim('ten_a')).then(claimed));
  it('is claimed once', () => given(claimed).when(claim('ten_a')).changesNothing());
  it('is never another tenant’s', () => given(claimed).when(claim('ten_b')).isRejected('instance.exists'));
});
