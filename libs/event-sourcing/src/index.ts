export { Rejection, reject, unreachable } from './decider.js';
export type { Decider, Decision, Event } from './decider.js';
export { ask, command } from './command.js';
export type { Ask, CommandClass, Meta } from './command.js';
