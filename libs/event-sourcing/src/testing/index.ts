export { sentences } from './given.js';
export { obeysTheProcessLaws } from './process-laws.js';
