import { command, reject } from '@strata/event-sourcing';
import type { Decider, Decision, Event } from '@strata/event-sourcing';

/*
 * Theory of operation. Streams of two tenants never meet, but an id goes further than its stream: hosts, networks and the
 * fleet serve all tenants and know an instance by its id alone. So an id that somebody chooses is claimed first, for ever, in
 * a stream of the platform's, where two who want the same one meet. Ids that we give out need no claim: they are random.
 */

export class ClaimInstanceId extends command('ClaimInstanceId')<{ instanceId: string }> {}

export type InstanceIdEvent = Event<'InstanceIdClaimed', { instanceId: string; tenantId: string }>;

export type InstanceId = Readonly<{ tenantId: string | null }>;

/** Told alike, whoever has it. */
export const idIsTaken = (instanceId: string) =>
  reject('instance.exists', `the id ${instanceId} belongs to another instance already`);

const decide = ({ data: { instanceId }, meta }: ClaimInstanceId, it: InstanceId): Decision<InstanceIdEvent> => {
  const { tenantId } = meta;
  if (it.tenantId === null) return [{ type: 'InstanceIdClaimed', data: { instanceId, tenantId } }];
  return it.tenantId === tenantId ? [] : idIsTaken(instanceId);
};

export const instanceId: Decider<ClaimInstanceId, InstanceIdEvent, InstanceId> = {
  name: 'instance_id',
  scope: 'platform',
  initialState: { tenantId: null },
  decide,
  evolve: (_it, { data: { tenantId } }) => ({ tenantId }),
};
