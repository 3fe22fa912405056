export { isAMemoryOfKeys } from './claims.contract.js';
