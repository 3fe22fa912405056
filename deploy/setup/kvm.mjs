import { chmodSync, chownSync, readFileSync, statSync } from 'node:fs';
import { isRoot } from './checkout.mjs';
import { SetupError } from './progress.mjs';

const node = '/dev/kvm';

const kvmGroup = () => {
  const line = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('kvm:'));
  return line && Number(line.split(':')[2]);
};

/** Whether somebody of the group kvm, as QEMU's user is, may open a node with this mode and group. */
export const opensFor = (group, { mode, gid }) =>
  (mode & 0o006) === 0o006 || ((mode & 0o060) === 0o060 && gid === group);

/**
 * libvirt forgets what it knows about QEMU at every call when the node exists and QEMU's user cannot open it: each start
 * of a guest then costs four seconds more, whether or not the guest uses KVM.
 * @type {import('./progress.mjs').Step}
 */
export const kvm = {
  name: 'access to /dev/kvm',
  needed: async () => {
    const found = statSync(node, { throwIfNoEntry: false });
    if (!isRoot || !found || opensFor(kvmGroup(), found)) return undefined;
    return 'the node is closed to QEMU; giving it to the group kvm';
  },
  run: async () => {
    const group = kvmGroup();
    if (group === undefined) throw new SetupError('there is no group kvm: install the package qemu-system-x86');
    chownSync(node, 0, group);
    chmodSync(node, 0o660);
  },
};
