import { command, reject } from '@strata/event-sourcing';
import type { Decider, Event } from '@strata/event-sourcing';

/*
 * Theory of operation. Below the API an instance is known by its id alone: to its host, to the hypervisor, to every view. An
 * id that we mint is nobody else's. One that is chosen by its asker belongs to the first tenant that chose it, for good: nobody
 * comes to the instance of another by choosing its id.
 */

export class ChooseInstanceId extends command('ChooseInstanceId')<{ instanceId: string }> {}

export type ChosenIdEvent = Event<'InstanceIdChosen', { instanceId: string; tenantId: string }>;

export type ChosenId = Readonly<{ tenantId?: string }>;

export const chosenId: Decider<ChooseInstanceId, ChosenIdEvent, ChosenId> = {
  name: 'chosen-id',
  scope: 'platform',
  initialState: {},
  decide({ data: { instanceId }, meta: { tenantId } }, it) {
    if (it.tenantId === undefined) return [{ type: 'InstanceIdChosen', data: { instanceId, tenantId } }];
    return it.tenantId === tenantId ? [] : idTaken(instanceId);
  },
  evolve: (_, { data: { tenantId } }) => ({ tenantId }),
};

/** In the same words, whoever has it. */
export const idTaken = (instanceId: string) =>
  reject('instance.exists', `the id ${instanceId} belongs to another instance already`);
