/**
 * - `refused`: the daemon answered with an error; `code`, `domain` and `level` are libvirt's.
 * - `timeout`: no answer before the deadline. The call may have worked, may work later, or never: look before trying again.
 * - `lost`: the connection broke while the call was under way. As unknown as a timeout.
 * - `unreachable`: there is no connection; the call was never sent.
 * - `protocol`: what arrived cannot be understood. A bug of ours or another protocol; outcome unknown.
 */
export type LibvirtErrorKind = 'refused' | 'timeout' | 'lost' | 'unreachable' | 'protocol';

/** What the daemon says of an error: virErrorNumber, virErrorDomain, virErrorLevel (libvirt/virterror.h). */
export type Refusal = { readonly code: number; readonly domain: number; readonly level: number };

const notRefused: Refusal = { code: 0, domain: 0, level: 0 };

export class LibvirtError extends Error {
  override readonly name = 'LibvirtError';
  readonly code: number;
  readonly domain: number;
  readonly level: number;

  constructor(
    readonly kind: LibvirtErrorKind,
    message: string,
    { refusal = notRefused, ...options }: ErrorOptions & { readonly refusal?: Refusal } = {},
  ) {
    super(message, options);
    this.code = refusal.code;
    this.domain = refusal.domain;
    this.level = refusal.level;
  }

  /** True when the call may have had its effect although it failed here. */
  get outcomeUnknown(): boolean {
    return this.kind === 'timeout' || this.kind === 'lost' || this.kind === 'protocol';
  }
}

/** The codes of virErrorNumber that callers decide by. */
export const ErrorCode = {
  InternalError: 1,
  NoSupport: 3,
  InvalidArgument: 8,
  OperationFailed: 9,
  XmlError: 27,
  DomainExists: 28,
  /** Not well-formed; what is well-formed but not acceptable is `XmlError`. */
  XmlDetail: 35,
  NetworkExists: 37,
  NoDomain: 42,
  NoNetwork: 43,
  AuthFailed: 45,
  OperationInvalid: 55,
  ConfigUnsupported: 67,
  OperationTimeout: 68,
  ArgumentUnsupported: 74,
  NoDomainMetadata: 80,
  OperationUnsupported: 84,
  AgentUnresponsive: 86,
  ResourceBusy: 87,
  AccessDenied: 88,
  AgentUnsynced: 97,
  DeviceMissing: 99,
  AgentCommandTimeout: 112,
  AgentCommandFailed: 113,
} as const;

const refusedWith =
  (...codes: readonly number[]) =>
  (error: unknown): error is LibvirtError =>
    error instanceof LibvirtError && error.kind === 'refused' && codes.includes(error.code);

export const isNoSuchDomain = refusedWith(ErrorCode.NoDomain);
export const isNoSuchNetwork = refusedWith(ErrorCode.NoNetwork);
export const isNoSuchMetadata = refusedWith(ErrorCode.NoDomainMetadata);

/**
 * Another domain or network has the name or the uuid. The codes made for it are seldom used: QEMU and network drivers of
 * today answer `OperationFailed` and say it in words, in the daemon's language (English where no locale is set).
 */
export const isAlreadyExists = (error: unknown): error is LibvirtError =>
  refusedWith(ErrorCode.DomainExists, ErrorCode.NetworkExists)(error) ||
  (refusedWith(ErrorCode.OperationFailed)(error) && / already (exists|defined) with uuid /.test(error.message));

/** Wrong state for the verb: starting what runs, stopping what does not. */
export const isOperationInvalid = refusedWith(ErrorCode.OperationInvalid);

/** The guest agent is not connected or did not answer in time; the guest may be booting, hung or without an agent. */
export const isAgentUnresponsive = refusedWith(
  ErrorCode.AgentUnresponsive,
  ErrorCode.AgentUnsynced,
  ErrorCode.AgentCommandTimeout,
);

/** The call may have worked: observe before trying again. */
export const isOutcomeUnknown = (error: unknown): error is LibvirtError =>
  error instanceof LibvirtError && error.outcomeUnknown;
