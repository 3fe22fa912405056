export { Libvirt } from './libvirt.js';
export type { CallOptions, LibvirtEvents, LibvirtOptions } from './libvirt.js';
export type { DomainEvent } from './domain-event.js';
export type {
  ArgsOf,
  DhcpLease,
  DomainRef,
  NetworkRef,
  ParameterValue,
  ProcedureName,
  ResultOf,
} from './procedures.js';
export {
  ErrorCode,
  isAgentUnresponsive,
  isAlreadyExists,
  isNoSuchDomain,
  isNoSuchMetadata,
  isNoSuchNetwork,
  isOperationInvalid,
  isOutcomeUnknown,
  LibvirtError,
} from './errors.js';
export type { LibvirtErrorKind, Refusal } from './errors.js';
export {
  Affect,
  AgentTimeout,
  DomainDestroy,
  DomainMetadata,
  DomainShutdown,
  DomainStart,
  DomainStats,
  DomainUndefine,
  DomainXml,
  domainReasonOf,
  domainStateOf,
  ListDomains,
  ListNetworks,
  NetworkSection,
  NetworkUpdateCommand,
  NetworkXml,
} from './constants.js';
export type { AgentState, DomainState, Lifecycle } from './constants.js';
