import { mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { whyOnlyRootBuilds } from '@strata/guest-images';
import type { Hypervisor } from './hypervisor.js';
import { HypervisorError } from './hypervisor.js';
import { LibvirtHypervisor } from './libvirt/libvirt-hypervisor.js';
import { refused } from './refusal.js';
import { keptHost } from './simulated/kept-host.js';
import type { SimulatedHostOptions } from './simulated/simulated-host.js';
import { SimulatedHypervisor } from './simulated/simulated-hypervisor.js';

/** Milliseconds that a real machine takes without KVM, as we measured them. */
export const lifelike = {
  latency: {
    'domains.define': 30,
    'domains.start': 400,
    'domains.pause': 20,
    'domains.resume': 20,
    'domains.stop': 1500,
    'domains.remove': 1500,
    'disks.ensureRoot': 20,
    'networks.ensure': 150,
  },
  bootMs: 3000,
  shutdownMs: 500,
  buildStepMs: 500,
} as const satisfies SimulatedHostOptions;

export type Wanted = Readonly<{
  wanted: 'auto' | 'libvirt' | 'simulated';
  /** The folder that all state of this cloud lives in. */
  home: string;
  /** The simulated host, where it comes to that. */
  simulated?: SimulatedHostOptions;
}>;

/** `why` is a sentence for people; `fellBack` says that it has to be said loudly. */
export type Choice = Readonly<{ hypervisor: Hypervisor; why: string; fellBack: boolean }>;

/**
 * The driver for this machine. `auto` takes libvirt where real guests can run and the simulation elsewhere.
 * @throws HypervisorError when libvirt is wanted and does not work
 */
export const chooseHypervisor = async ({ wanted, home, simulated = lifelike }: Wanted): Promise<Choice> => {
  if (wanted === 'simulated')
    return { ...(await simulation(home, simulated)), why: 'it was asked for', fellBack: false };
  try {
    return { ...(await (process.getuid?.() === 0 ? systemGuests(home) : sessionGuests(home))), fellBack: false };
  } catch (error) {
    if (wanted === 'libvirt' || !(error instanceof HypervisorError)) throw error;
    const why = `guests are only simulated, because libvirt cannot be used: ${error.message}`;
    return { ...(await simulation(home, simulated)), why, fellBack: true };
  }
};

const systemGuests = async (home: string): Promise<Omit<Choice, 'fellBack'>> => {
  const hypervisor = await LibvirtHypervisor.open({ home });
  const { version } = await hypervisor.facts();
  return { hypervisor, why: `${version} answers on this machine` };
};

const sessionGuests = async (home: string): Promise<Omit<Choice, 'fellBack'>> => {
  const obstacle = await whyOnlyRootBuilds();
  if (obstacle !== undefined) throw refused(obstacle);
  const hypervisor = await LibvirtHypervisor.open({ home });
  const { version } = await hypervisor.facts();
  const daemon = hypervisor.startedDaemon ? 'was started for you' : 'answers you';
  const limits =
    'guests reach the world, but nobody reaches them, nor they each other: for networks start Strata with sudo';
  return { hypervisor, why: `${version} ${daemon} without root; ${limits}` };
};

const simulation = async (home: string, options: SimulatedHostOptions) => {
  await mkdir(home, { recursive: true });
  const host = keptHost(join(await realpath(home), 'simulated-host.ndjson'), options);
  return { hypervisor: new SimulatedHypervisor(host) };
};
