import type { AttachableNetworks } from './attachment.js';
import type { Daemon } from './daemon.js';
import { LibvirtNetworks } from './networks.js';
import { SessionNetworks } from './session-networks.js';

/** What this daemon can do for networks: a session has no rights to make a bridge. */
export const networksOf = (daemon: Daemon): AttachableNetworks =>
  daemon.place.kind === 'system' ? new LibvirtNetworks(daemon) : new SessionNetworks(daemon);
