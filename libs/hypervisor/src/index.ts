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
export { realTime, VirtualTime, type Clock } from './simulated/clock.js';
export { Faults, type Fault, type Verb } from './simulated/faults.js';
export { SimulatedHost, type SimulatedHostOptions } from './simulated/simulated-host.js';
export { SimulatedHypervisor } from './simulated/simulated-hypervisor.js';
