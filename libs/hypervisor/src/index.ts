export { chooseHypervisor, lifelike, type Choice, type Wanted } from './choose-hypervisor.js';
export {
  Disks,
  Domains,
  Guests,
  Hypervisor,
  HypervisorError,
  Images,
  Networks,
  type BuildProgress,
  type DomainSpec,
  type ExecResult,
  type FirstBoot,
  type HostFacts,
  type ImageRef,
  type Lease,
  type NetworkSpec,
  type Observed,
  type Power,
} from './hypervisor.js';
export { LibvirtHypervisor, type LibvirtHypervisorOptions } from './libvirt/libvirt-hypervisor.js';
export { removeEverything, type Removed } from './libvirt/remove-everything.js';
export { realTime, VirtualTime, type Clock } from './simulated/clock.js';
export { Faults, type Fault, type Verb } from './simulated/faults.js';
export { keptHost } from './simulated/kept-host.js';
export { SimulatedHost, type SimulatedHostOptions } from './simulated/simulated-host.js';
export { SimulatedHypervisor } from './simulated/simulated-hypervisor.js';
