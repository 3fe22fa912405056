import { Networks } from '../hypervisor.js';
import type { Lease } from '../hypervisor.js';
import type { Xml } from './xml.js';

/** How a guest's network card is defined: as a device of libvirt's, or in words for QEMU that libvirt hands through. */
export type Attachment = Readonly<{ devices: readonly Xml[]; qemuArguments: readonly string[] }>;

/** Networks that a definition can name. */
export abstract class AttachableNetworks extends Networks {
  /** @throws HypervisorError `refused` when there is no such network */
  abstract attachmentOf(lease: Lease): Promise<Attachment>;
  /** @throws HypervisorError `refused` when the network that a definition names is gone */
  abstract assertThere(definition: string): Promise<void>;
}
