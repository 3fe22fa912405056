import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { instancesWithRoot } from './disks.js';
import { exists } from './files.js';
import { Home } from './home.js';
import { LibvirtHypervisor } from './libvirt-hypervisor.js';

export type Removed = Readonly<{ guests: number; networks: number; disks: number }>;

/**
 * Removes every guest, network, disk and image of a home from this machine, and nothing that belongs to another. It needs
 * no control plane, and may be repeated.
 * @throws HypervisorError when guests of this home may still be running and libvirt does not answer
 */
export const removeEverything = async (folder: string): Promise<Removed> => {
  if (!(await exists(folder))) return { guests: 0, networks: 0, disks: 0 };
  const home = new Home(folder);
  // A home without this folder was never driven by libvirt: there is nobody to ask.
  const removed = (await exists(home.instances)) ? await removeFromLibvirt(home) : { guests: 0, networks: 0, disks: 0 };
  for (const made of [home.instances, home.images, ...files.map((file) => join(home.folder, file))]) {
    await rm(made, { recursive: true, force: true });
  }
  return removed;
};

const files = ['accelerator.json', 'simulated-host.ndjson'];

const removeFromLibvirt = async (home: Home): Promise<Removed> => {
  const hypervisor = await LibvirtHypervisor.open({ home: home.folder });
  try {
    const guests = await hypervisor.domains.observe();
    // Each takes up to two seconds, nearly all of it waiting.
    await Promise.all(guests.map(({ instanceId }) => hypervisor.domains.remove(instanceId)));
    const networks = await hypervisor.networks.list();
    for (const networkId of networks) await hypervisor.networks.remove(networkId);
    return { guests: guests.length, networks: networks.length, disks: (await instancesWithRoot(home)).length };
  } finally {
    await hypervisor.close();
  }
};
