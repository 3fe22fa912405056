export { sentences } from './given.js';
export { obeysTheHistoryLaws } from './history-laws.js';
export { obeysTheProcessLaws } from './process-laws.js';
