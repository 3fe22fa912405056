export { PLATFORM, Rejection, reject, unreachable } from './decider.js';
export type { Decider, Decision, Event } from './decider.js';
export { UnknownEvent, Versions } from './history.js';
export type { History, Upcast, Upcasts } from './history.js';
export { ask, command } from './command.js';
export type { Ask, CommandClass, Meta } from './command.js';
export { on, process } from './process.js';
export type { Facts, Failure, ProcessDefinition, Subject } from './process.js';
export {
  Answer,
  CancelOperation,
  Expire,
  Notice,
  askedBy,
  listenedTo,
  operationHistory,
  operations,
} from './process-rules.js';
export type { Asking, Operation, OperationCommand, OperationEvent } from './process-rules.js';
