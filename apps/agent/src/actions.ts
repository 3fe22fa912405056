import type { InstanceWish } from '@strata/contracts';
import type { Hypervisor } from '@strata/hypervisor';
import type { Action } from './reconcile.js';

/** Carries out one planned action. Throws what the hypervisor throws: a `HypervisorError`, or a bug. */
export const carryOut = (
  { domains, disks, networks }: Hypervisor,
  { instanceId, tenantId, name, spec }: InstanceWish,
  action: Action,
): Promise<void> => {
  const { image, diskGiB, lease } = spec;
  switch (action.verb) {
    case 'ensureRoot':
      return disks.ensureRoot({ instanceId, image, sizeGiB: diskGiB });
    case 'reserve':
      return networks.reserve(lease);
    case 'define':
      return domains.define({ instanceId, tenantId, name, ...spec }, action.applied);
    case 'reboot':
      return domains.reboot(instanceId, action.forced);
    case 'mark':
      return domains.mark(instanceId, action.revision);
    case 'release':
      return networks.release(lease);
    case 'removeRoot':
      return disks.removeRoot(instanceId);
    case 'start':
    case 'pause':
    case 'resume':
    case 'requestShutdown':
    case 'stop':
    case 'remove':
      return domains[action.verb](instanceId);
  }
};

/** Actions of one kind share a bound; a slow one keeps only its own kind waiting. */
export const kindOf = ({ verb }: Action): 'boot' | 'teardown' | 'other' => {
  switch (verb) {
    case 'start':
    case 'reboot':
      return 'boot';
    case 'stop':
    case 'remove':
    case 'release':
    case 'removeRoot':
      return 'teardown';
    default:
      return 'other';
  }
};
