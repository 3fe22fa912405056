import type { HostView } from '@strata/contracts';
import type { Host } from './fleet.js';

/** A host as the API shows it. */
export const shownHost = (
  { hostId: id, description, capacity, reserved, instances, connected, cordoned, connectedAt }: Host,
  /** It is in no log: of a past moment nobody knows it. */
  lastSeenAt: string | null,
): HostView => {
  const { name, driver, accelerator, version } = description;
  return {
    id,
    name,
    status: !connected ? 'unknown' : cordoned ? 'cordoned' : 'up',
    task: null,
    statusReason: !connected ? 'its agent is not connected' : null,
    createdAt: connectedAt,
    labels: {},
    driver,
    accelerator,
    version,
    capacity,
    reserved,
    instances,
    schedulable: connected && !cordoned,
    lastSeenAt,
  };
};
