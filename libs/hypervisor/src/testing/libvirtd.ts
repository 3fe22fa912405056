import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, statSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { missingTools } from '@strata/guest-images';

const socket = '/run/libvirt/libvirt-sock';
const programs = ['libvirtd', 'virtlogd', 'virsh', 'qemu-system-x86_64', 'dnsmasq'];

/**
 * Why no real guest can run here; undefined when one can. A system daemon that is installed but not running is started
 * and left running: it belongs to the machine, and others use it too.
 */
export const whyNoGuests = async (): Promise<string | undefined> => {
  if (process.getuid?.() !== 0) return 'guests on bridges need root';
  const absent = programs.filter((program) => !found(program));
  if (absent.length > 0) return `not installed: ${absent.join(', ')}`;
  const tools = await missingTools();
  if (tools.length > 0) return `building images needs ${tools.join(', ')}`;
  letQemuOpenKvm();
  return (await daemonAnswers()) ? undefined : `no libvirt daemon answers on ${socket}`;
};

/**
 * Why no ordinary user can run guests here; undefined when one can. Root asks as nobody: that is who will run them.
 */
export const whyNoSession = async (): Promise<string | undefined> => {
  const absent = ['libvirtd', 'virtlogd', 'qemu-system-x86_64'].filter((program) => !found(program));
  if (absent.length > 0) return `not installed: ${absent.join(', ')}`;
  const tools = await missingTools();
  if (tools.length > 0) return `building images needs ${tools.join(', ')}`;
  const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const { status } = spawnSync('unshare', ['--map-root-user', 'true'], { ...nobody, cwd: '/' });
  return status === 0 ? undefined : 'this machine opens no user namespace to ordinary users';
};

const found = (program: string): boolean =>
  ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin'].some((folder) => existsSync(`${folder}/${program}`));

const daemonAnswers = async (): Promise<boolean> => {
  if (!existsSync(socket)) for (const daemon of ['virtlogd', 'libvirtd']) spawnSync(daemon, ['-d']);
  for (let waited = 0; waited < 10_000; waited += 200) {
    if (spawnSync('virsh', ['-q', 'uri']).status === 0) return true;
    await pause(200);
  }
  return false;
};

/** A KVM device that QEMU's user cannot open makes libvirt ask QEMU for its abilities anew at every single call. */
const letQemuOpenKvm = (): void => {
  const device = '/dev/kvm';
  const group = Number(spawnSync('getent', ['group', 'kvm'], { encoding: 'utf8' }).stdout.split(':')[2]);
  if (!existsSync(device) || Number.isNaN(group)) return;
  const { gid, uid, mode } = statSync(device);
  if (gid === group && (mode & 0o060) === 0o060) return;
  chownSync(device, uid, group);
  chmodSync(device, 0o660);
};
