export { MasterKey } from './master-key.js';
export { MemorySubjectKeys } from './memory-subject-keys.js';
export { CreateSubjectKeys1, PostgresSubjectKeys } from './postgres-subject-keys.js';
export { Sealing, SubjectForgotten } from './sealing.js';
export type { Sealed } from './sealing.js';
export { SubjectKeys } from './subject-keys.js';
export type { Holder } from './subject-keys.js';
