export { isAHypervisor, type Bench } from './hypervisor.contract.js';
export { whyNoGuests, whyNoSession } from './libvirtd.js';
export { OwnSystemDaemon } from './own-system-daemon.js';
