export { keepsSubjectKeys } from './subject-keys.contract.js';
