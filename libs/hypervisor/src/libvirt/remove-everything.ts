import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ImageCache } from '@strata/guest-images';
import { HypervisorError } from '../hypervisor.js';
import { Accelerators } from './accelerator.js';
import { Daemon } from './daemon.js';
import type { DaemonPlace } from './daemon-place.js';
import { ownDaemon } from './daemon-place.js';
import { instancesWithRoot } from './disks.js';
import { LibvirtDomains } from './domains.js';
import { unlessMissing } from './files.js';
import { Home } from './home.js';
import { networksOf } from './networks-of.js';
import { startSessionDaemon } from './session-daemon.js';

export type Removed = Readonly<{ guests: number; networks: number; disks: number }>;

/**
 * Removes every guest, network, disk and image of a home from this machine, and nothing that belongs to another. It needs
 * no control plane, nor even the folder: names tell what was made by it. It may be repeated.
 * @throws HypervisorError when there are disks, on which guests may be running, and libvirt does not answer
 */
export const removeEverything = async (folder: string, place = ownDaemon()): Promise<Removed> => {
  const home = new Home(folder);
  const disks = (await instancesWithRoot(home)).length;
  const daemon = await daemonOf(home, disks, place);
  try {
    const removed = daemon ? await removeFrom(daemon) : { guests: 0, networks: 0 };
    for (const folder of [home.instances, home.removed]) await rm(folder, { recursive: true, force: true });
    await new ImageCache(home.images).removeAll();
    for (const file of [home.accelerator, home.networks]) await rm(file, { force: true });
    return { ...removed, disks };
  } finally {
    daemon?.close();
  }
};

/** Where no daemon answers and no disk was ever made, a simulation lived in this home: there is nobody to ask. */
const daemonOf = async (home: Home, disks: number, place: DaemonPlace): Promise<Daemon | undefined> => {
  try {
    if (place.kind === 'session' && disks > 0) await startSessionDaemon(place);
    return await Daemon.connect(home, place);
  } catch (error) {
    if (error instanceof HypervisorError && disks === 0) return undefined;
    throw error;
  }
};

const removeFrom = async (daemon: Daemon): Promise<Omit<Removed, 'disks'>> => {
  const networks = networksOf(daemon);
  const domains = new LibvirtDomains(daemon, new ImageCache(daemon.home.images), new Accelerators(daemon), networks);
  const guests = await daemon.domains();
  // Each takes up to two seconds, nearly all of it waiting.
  await Promise.all(guests.map(({ instanceId }) => domains.remove(instanceId)));
  const own = await networks.list();
  for (const networkId of own) await networks.remove(networkId);
  for (const log of (await unlessMissing(readdir(daemon.place.logs))) ?? []) {
    if (daemon.home.idOf(log) !== undefined) await rm(join(daemon.place.logs, log), { force: true });
  }
  return { guests: guests.length, networks: own.length };
};
