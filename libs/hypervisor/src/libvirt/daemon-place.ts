import { homedir } from 'node:os';
import { join } from 'node:path';
import type { LibvirtOptions } from '@strata/libvirt';

/** A libvirt daemon of this machine: how to reach it, and where it keeps what belongs to guests. */
export type DaemonPlace = Readonly<{
  /** The system's daemon makes bridges; an ordinary user's own, a session's, has no networks of the host. */
  kind: 'system' | 'session';
  reach: LibvirtOptions;
  /** What QEMU said, one file per guest. */
  logs: string;
  /** The folder for the sockets of guests' agents, where libvirt's own choice may be too long a path for a socket. */
  sockets?: string;
}>;

export const systemDaemon: DaemonPlace = {
  kind: 'system',
  reach: { socketPath: '/run/libvirt/libvirt-sock', uri: 'qemu:///system' },
  logs: '/var/log/libvirt/qemu',
};

/** By libvirt's rules, which are those of the XDG base directories: the cache stands in for a runtime folder. */
const sessionDaemon = (env: NodeJS.ProcessEnv = process.env): DaemonPlace => {
  const cache = join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'libvirt');
  const runtime = env['XDG_RUNTIME_DIR'] ? join(env['XDG_RUNTIME_DIR'], 'libvirt') : cache;
  return {
    kind: 'session',
    reach: { socketPath: join(runtime, 'libvirt-sock'), uri: 'qemu:///session' },
    logs: join(cache, 'qemu/log'),
    sockets: runtime,
  };
};

/** Root drives the system's daemon, everybody else their own. */
export const ownDaemon = (): DaemonPlace => (process.getuid?.() === 0 ? systemDaemon : sessionDaemon());
