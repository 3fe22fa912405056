import type { InstanceWish } from '@strata/contracts';
import { HypervisorError } from '@strata/hypervisor';
import type { Hypervisor } from '@strata/hypervisor';
import type { Action } from './reconcile.js';

/** Carries out one planned action. Throws what the hypervisor throws: a `HypervisorError`, or a bug. */
export const carryOut = async (
  { domains, disks, networks, images }: Hypervisor,
  { instanceId, tenantId, name, spec }: InstanceWish,
  action: Action,
): Promise<void> => {
  const { image, diskGiB, lease } = spec;
  switch (action.verb) {
    case 'ensureRoot':
      await haveImage(images, image);
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

/** One host builds an image for all; another one makes it from the same recipe when it first needs it. */
const haveImage = async (
  images: Hypervisor['images'],
  { digest, recipe }: InstanceWish['spec']['image'],
): Promise<void> => {
  if (await images.has({ digest })) return;
  const built = await images.build(recipe, () => undefined);
  if (built.digest === digest) return;
  throw new HypervisorError(
    'refused',
    `this host makes ${recipe} from other packages than the host that built it first`,
  );
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
