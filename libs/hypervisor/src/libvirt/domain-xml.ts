import type { DomainSpec } from '../hypervisor.js';
import type { Attachment } from './attachment.js';
import type { Home } from './home.js';
import type { Xml } from './xml.js';
import { xml } from './xml.js';

/** What the definition says about its guest besides how it is built. */
export type Mark = Readonly<{ homeId: string; instanceId: string; tenantId: string; applied: number }>;

export const markNamespace = 'urn:strata:guest:1';
export const agentChannel = 'org.qemu.guest_agent.0';

/**
 * The mark as libvirt's call for it takes it: without the namespace, which libvirt puts in itself, and as the definition
 * has it: with it.
 */
export const markXml = (mark: Mark): Xml => xml`<guest${attributesOf(mark)}/>`;

const attributesOf = ({ homeId, instanceId, tenantId, applied }: Mark): Xml =>
  xml` home='${homeId}' instance='${instanceId}' tenant='${tenantId}' applied='${applied}'`;

export type DomainParts = Readonly<{
  home: Home;
  spec: DomainSpec;
  applied: number;
  accelerator: 'kvm' | 'tcg';
  boot: Readonly<{ kernel: string; initrd: string; cmdline: string; firstBootEntry: string }>;
  attachment: Attachment;
  /** The socket of the guest's agent, where it is not left to libvirt. */
  agentSocket?: string;
}>;

/**
 * The whole definition of a guest. It boots its kernel directly; powers off where it is told to; has no balloon, so that
 * its memory is what was bought; and writes its console to a log that survives restarts, while the pty stays free.
 */
export const domainXml = (parts: DomainParts): string => {
  const { home, spec, applied, accelerator, boot, attachment } = parts;
  const { instanceId, tenantId } = spec;
  const files = home.filesOf(instanceId);
  return String(xml`<domain type='${accelerator === 'kvm' ? 'kvm' : 'qemu'}'${attachment.qemuArguments.length > 0 ? qemuNamespace : ''}>
  <name>${home.nameOf(instanceId)}</name>
  <uuid>${home.uuidOf(instanceId)}</uuid>
  <title>${spec.name.replace(/\s+/g, ' ').trim() || instanceId}</title>
  <metadata>
    <strata:guest xmlns:strata='${markNamespace}'${attributesOf({ homeId: home.id, instanceId, tenantId, applied })}/>
  </metadata>
  <memory unit='MiB'>${spec.memoryMiB}</memory>
  <vcpu placement='static'>${spec.vcpus}</vcpu>
  <sysinfo type='fwcfg'>
    <entry name='${boot.firstBootEntry}' file='${files.firstBoot}'/>
  </sysinfo>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>${boot.kernel}</kernel>
    <initrd>${boot.initrd}</initrd>
    <cmdline>${boot.cmdline}</cmdline>
  </os>
  <features>
    <acpi/>
    <apic/>
    ${accelerator === 'tcg' ? [translationCache] : []}
  </features>
  <cpu mode='${accelerator === 'kvm' ? 'host-model' : 'maximum'}'/>
  <clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' discard='unmap'/>
      <source file='${files.root}'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    ${attachment.devices}
    <serial type='pty'>
      <log file='${files.console}' append='on'/>
      <target port='0'/>
    </serial>
    <console type='pty'>
      <target type='serial' port='0'/>
    </console>
    <channel type='unix'>
      ${parts.agentSocket === undefined ? [] : xml`<source mode='bind' path='${parts.agentSocket}'/>`}
      <target type='virtio' name='${agentChannel}'/>
    </channel>
    <rng model='virtio'>
      <backend model='random'>/dev/urandom</backend>
    </rng>
    <memballoon model='none'/>
    <controller type='usb' model='none'/>
  </devices>
  ${commandLine(attachment.qemuArguments)}
</domain>
`);
};

const qemuNamespace = xml` xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'`;

const commandLine = (words: readonly string[]): Xml | readonly Xml[] =>
  words.length === 0
    ? []
    : xml`<qemu:commandline>
  ${words.map((word) => xml`<qemu:arg value='${word}'/>`)}
</qemu:commandline>`;

/** 32 MiB of translated code are enough for a guest of ours and save 20 MiB of the host against QEMU's default. */
const translationCache = xml`<tcg>
  <tb-cache unit='MiB'>32</tb-cache>
</tcg>`;
