export { isAHypervisor, type Bench } from './hypervisor.contract.js';
