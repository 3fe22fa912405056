import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Libvirt, LibvirtError } from '@strata/libvirt';
import type { LibvirtOptions } from '@strata/libvirt';
import { HypervisorError } from '../hypervisor.js';
import { refused } from '../refusal.js';
import type { DaemonPlace } from './daemon-place.js';

/** Milliseconds until a daemon that was started has to answer. */
const patience = 10_000;

/**
 * Seconds after which a session's daemon ends when no guest runs and nobody is connected. While we are there it stays, and
 * when a cloud is taken down nothing of it is left running.
 */
const idle = 30;

/**
 * Makes the session's daemon answer; tells whether it had to be started. Nobody else starts it: it belongs to the user.
 * @throws HypervisorError `refused` when none is installed, `retryable` when it does not answer in time
 */
export const startSessionDaemon = async ({ reach, logs }: DaemonPlace): Promise<boolean> => {
  if (await answers(reach)) return false;
  await launch();
  // It gives up when somebody else is just starting the same daemon, and then that one will answer.
  for (const deadline = Date.now() + patience; !(await answers(reach)); await pause(50)) {
    if (Date.now() < deadline) continue;
    const log = resolve(logs, '../../libvirtd.log');
    const silence = `your own libvirt daemon does not answer on ${reach.socketPath}`;
    throw new HypervisorError('retryable', `${silence}: look at what it wrote to ${log}`);
  }
  return true;
};

const answers = async (reach: LibvirtOptions): Promise<boolean> => {
  try {
    const session = await Libvirt.connect(reach);
    session.close();
    return true;
  } catch (error) {
    if (error instanceof LibvirtError && error.kind !== 'refused') return false;
    throw error;
  }
};

/** The shells of ordinary users leave out the folders that daemons are in. */
const searchPath = [process.env['PATH'] ?? '/usr/bin:/bin', '/usr/sbin', '/sbin'].join(delimiter);

/** Over as soon as the daemon is in the background, or gave up. */
const launch = async (): Promise<void> => {
  const env = { ...process.env, PATH: searchPath };
  const child = spawn('libvirtd', ['--daemon', '--timeout', String(idle)], { env, cwd: '/', stdio: 'ignore' });
  try {
    await once(child, 'exit');
  } catch (cause) {
    throw refused('no libvirt daemon can be started: run "sudo apt-get install libvirt-daemon"', { cause });
  }
};
