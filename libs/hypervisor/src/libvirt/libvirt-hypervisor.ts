import { constants } from 'node:fs';
import { mkdir, rm, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ImageCache } from '@strata/guest-images';
import type { Libvirt } from '@strata/libvirt';
import { Hypervisor } from '../hypervisor.js';
import type { HostFacts } from '../hypervisor.js';
import { refused } from '../refusal.js';
import { Accelerators } from './accelerator.js';
import type { AttachableNetworks } from './attachment.js';
import { answered, Daemon } from './daemon.js';
import type { DaemonPlace } from './daemon-place.js';
import { ownDaemon } from './daemon-place.js';
import { LibvirtDisks } from './disks.js';
import { LibvirtDomains } from './domains.js';
import { makePassage } from './files.js';
import { LibvirtGuests } from './guests.js';
import { Home } from './home.js';
import { LibvirtImages } from './images.js';
import { networksOf } from './networks-of.js';
import { startSessionDaemon } from './session-daemon.js';
import { elementsOf } from './xml.js';

export type LibvirtHypervisorOptions = Readonly<{
  /** The folder that all state of this cloud lives in. */
  home: string;
  /** Which daemon drives the guests; default: the system's for root, else the user's own. */
  daemon?: DaemonPlace;
  /** Where images are kept; default `<home>/images`. */
  images?: string;
}>;

/** This machine, driven through its libvirt daemon, as far as it belongs to one home. */
export class LibvirtHypervisor extends Hypervisor {
  readonly domains: LibvirtDomains;
  readonly disks: LibvirtDisks;
  readonly networks: AttachableNetworks;
  readonly guests: LibvirtGuests;
  readonly images: LibvirtImages;
  readonly #accelerators: Accelerators;

  private constructor(
    private readonly daemon: Daemon,
    cache: ImageCache,
    /** Whether the session's daemon did not run before. */
    readonly startedDaemon: boolean,
  ) {
    super();
    this.#accelerators = new Accelerators(daemon);
    this.networks = networksOf(daemon);
    this.domains = new LibvirtDomains(daemon, cache, this.#accelerators, this.networks);
    this.disks = new LibvirtDisks(daemon, cache);
    this.guests = new LibvirtGuests(daemon);
    this.images = new LibvirtImages(daemon.home, cache);
  }

  /**
   * Makes the home if need be, and starts a session's daemon that does not run.
   * @throws HypervisorError `retryable` when the daemon does not answer; `refused` when there is no QEMU, or it could not
   * reach the home
   */
  static async open(options: LibvirtHypervisorOptions): Promise<LibvirtHypervisor> {
    const { home: folder, daemon: place = ownDaemon() } = options;
    await mkdir(folder, { recursive: true });
    const home = new Home(folder);
    const images = options.images ?? home.images;
    // QEMU of a session runs as its user, who reaches what is theirs.
    if (place.kind === 'system') await assertPassable(home.folder);
    const started = place.kind === 'session' && (await answered(() => startSessionDaemon(place)));
    for (const passage of [home.instances, images]) await makePassage(passage);
    // What a killed process was removing.
    await rm(home.removed, { recursive: true, force: true });
    const daemon = await Daemon.connect(home, place);
    try {
      await answered(() => assertEmulator(daemon.libvirt));
    } catch (error) {
      daemon.close();
      throw error;
    }
    return new LibvirtHypervisor(daemon, new ImageCache(images), started);
  }

  facts(): Promise<HostFacts> {
    const { libvirt, home } = this.daemon;
    return answered(async () => {
      const node = await libvirt.call('nodeGetInfo');
      const version = Number(await libvirt.call('connectGetLibVersion'));
      const { bsize, blocks } = await statfs(home.folder);
      return {
        driver: 'libvirt',
        accelerator: await this.#accelerators.known(),
        vcpus: node.cpus,
        memoryMiB: Math.floor(Number(node.memory) / 1024),
        diskGiB: Math.floor((bsize * blocks) / 2 ** 30),
        version: `libvirt ${Math.floor(version / 1e6)}.${Math.floor(version / 1e3) % 1e3}.${version % 1e3}`,
      };
    });
  }

  close(): Promise<void> {
    this.daemon.close();
    return Promise.resolve();
  }
}

const assertEmulator = async (libvirt: Libvirt): Promise<void> => {
  const capabilities = await libvirt.call('connectGetCapabilities');
  if (elementsOf(capabilities, 'arch').some((arch) => arch.get('name') === 'x86_64')) return;
  throw refused('libvirt knows no QEMU for x86_64 guests: run "apt-get install qemu-system-x86"');
};

/** QEMU runs as a user of its own, who must be able to pass through every folder on the way to a disk. */
const assertPassable = async (folder: string): Promise<void> => {
  const { mode } = await stat(folder);
  if ((mode & constants.S_IXOTH) === 0) {
    throw refused(
      `QEMU's user cannot pass through ${folder}: run "chmod o+x ${folder}", or choose another STRATA_HOME`,
    );
  }
  if (dirname(folder) !== folder) await assertPassable(dirname(folder));
};
