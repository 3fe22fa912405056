export { ProcessManager, operationStream } from './process-manager.js';
export type { Send } from './process-manager.js';
export { operationView } from './operation-view.js';
export type { OperationColumn, OperationRow } from './operation-view.js';
