import { allowedVerbs } from '@strata/contracts';
import type { InstanceView } from '@strata/contracts';
import { defineView } from '@strata/event-store';
import { instance } from './instance.js';
import { exists, statusOf } from './instance-state.js';
import type { InstanceEvent } from './instance.js';
import type { ExistingInstance } from './instance-state.js';

/** The aggregate's own state as a row, and what last changed its wish: reports about it belong to that cause. */
export type InstanceRow = ExistingInstance &
  Readonly<{ id: string; cause: Readonly<{ correlationId: string; causationId: string }> }>;
export type InstanceColumn = 'name' | 'status' | 'hostId' | 'createdAt' | 'kept' | 'purgeAt';

export const instanceView = defineView<InstanceRow, InstanceColumn, InstanceEvent>({
  name: 'instance',
  // Agents are nudged when a row has changed.
  lingerMs: 10,
  version: 3,
  about: ['instance'],
  key: (event) => event.data.instanceId,
  tenant: (row) => row.tenantId,
  acrossTenants: ['hostId', 'kept'],
  unindexed: ['purgeAt'],
  columns: {
    name: (row) => row.name,
    status: (row) => statusOf(row),
    hostId: (row) => row.placement?.hostId,
    createdAt: (row) => row.createdAt,
    kept: (row) => row.kept !== null && row.phase === 'ready',
    purgeAt: (row) => row.kept?.until,
  },
  evolve(row, event, id) {
    const it = instance.evolve(row ?? instance.initialState, event);
    if (!exists(it)) return undefined;
    const { correlationId } = event.meta;
    const isByTheWay = event.type === 'InstanceObserved' || event.type === 'InstanceExecRequested';
    const cause = row && isByTheWay ? row.cause : { correlationId, causationId: event.id };
    return { ...it, id, cause };
  },
});

/** An instance as the API shows it. */
export const shown = (id: string, it: ExistingInstance): InstanceView => {
  const status = statusOf(it);
  const { image, networkId: network, labels } = it.spec;
  const { vcpus, memoryMiB, diskGiB } = it.spec;
  const lease = it.placement?.lease;
  return {
    id,
    name: it.name,
    status: status === 'absent' ? 'deleted' : status, // the type cannot say that one that exists is never absent
    task: it.task?.kind ?? null,
    statusReason: it.reason,
    createdAt: it.createdAt,
    labels: { ...labels },
    tenantId: it.tenantId,
    image,
    vcpus,
    memoryMiB,
    diskGiB,
    network,
    address: lease?.ip ?? null,
    mac: lease?.mac ?? null,
    hostId: it.placement?.hostId ?? null,
    volumeId: it.sight.disk === 'present' ? volumeIdOf(id) : null,
    guestAgent: it.sight.guestAgent,
    can: it.task ? [] : allowedVerbs(status),
    operationId: it.task?.operationId ?? null,
    deletedUntil: status === 'deleted' ? (it.kept?.until ?? null) : null,
  };
};

/** The root volume of an instance has the instance's own id under its own prefix. */
export const volumeIdOf = (instanceId: string) => instanceId.replace(/^inst_/, 'vol_');
