import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter } from 'node:path';
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
export const startSessionDaemon = async ({ reach }: DaemonPlace): Promise<boolean> => {
  if (await answers(reach)) return false;
  const complaint = await libvirtd();
  for (const deadline = Date.now() + patience; !(await answers(reach)); await pause(50)) {
    // It also complains when somebody else is just starting the same daemon, and then that one will answer.
    if (Date.now() > deadline) {
      throw new HypervisorError('retryable', `your own libvirt daemon does not answer: ${complaint || 'it is silent'}`);
    }
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

/** What libvirtd said before it went on in the background, or gave up. */
const libvirtd = async (): Promise<string> => {
  const child = spawn('libvirtd', ['--daemon', '--timeout', String(idle)], {
    env: { ...process.env, PATH: searchPath },
    cwd: '/',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  try {
    await once(child, 'exit');
  } catch (cause) {
    throw refused('no libvirt daemon can be started: run "sudo apt-get install libvirt-daemon"', { cause });
  }
  return said.trim().split('\n').at(-1) ?? '';
};
