/** Flags and numbers of libvirt's public headers (libvirt-domain.h, libvirt-network.h), under their own names. */

export const DomainStart = { Paused: 1, AutoDestroy: 2, BypassCache: 4, ForceBoot: 8, Validate: 16 } as const;

export const DomainDestroy = { Default: 0, Graceful: 1, RemoveLogs: 2 } as const;

/** How the guest is asked; for `domainShutdownFlags` and `domainReboot` alike. */
export const DomainShutdown = { Default: 0, AcpiPowerButton: 1, GuestAgent: 2 } as const;

export const DomainUndefine = {
  ManagedSave: 1,
  SnapshotsMetadata: 2,
  Nvram: 4,
  KeepNvram: 8,
  CheckpointsMetadata: 16,
} as const;

export const DomainXml = { Secure: 1, Inactive: 2, UpdateCpu: 4, Migratable: 8 } as const;

/** What a change is applied to: the running domain, its definition, or (Current) whichever is there. */
export const Affect = { Current: 0, Live: 1, Config: 2 } as const;

export const DomainMetadata = { Description: 0, Title: 1, Element: 2 } as const;

export const ListDomains = { Active: 1, Inactive: 2, Persistent: 4, Transient: 8 } as const;

export const ListNetworks = { Inactive: 1, Active: 2, Persistent: 4, Transient: 8 } as const;

export const DomainStats = { State: 1, CpuTotal: 2, Balloon: 4, Vcpu: 8, Interface: 16, Block: 32 } as const;

export const NetworkXml = { Inactive: 1 } as const;

export const NetworkUpdateCommand = { Modify: 1, Delete: 2, AddLast: 3, AddFirst: 4 } as const;

export const NetworkSection = {
  Ip: 3,
  IpDhcpHost: 4,
  IpDhcpRange: 5,
  Forward: 6,
  ForwardInterface: 7,
  PortGroup: 9,
  DnsHost: 10,
  DnsTxt: 11,
  DnsSrv: 12,
} as const;

/** For `qemuDomainAgentCommand`: seconds (0 and more), or one of these. */
export const AgentTimeout = { Forever: -2, Default: -1, NoWait: 0 } as const;

/** virDomainState, by number. */
const domainStates = [
  'nostate',
  'running',
  'blocked',
  'paused',
  'shutdown',
  'shutoff',
  'crashed',
  'pmsuspended',
] as const;
export type DomainState = (typeof domainStates)[number] | 'unknown';

/** virDomainShutoffReason and its siblings: why a domain is in its state, by number. */
const domainReasons: Partial<Record<DomainState, readonly string[]>> = {
  running: [
    'unknown',
    'booted',
    'migrated',
    'restored',
    'from-snapshot',
    'unpaused',
    'migration-canceled',
    'save-canceled',
    'wakeup',
    'crashed',
    'postcopy',
    'postcopy-failed',
  ],
  paused: [
    'unknown',
    'user',
    'migration',
    'save',
    'dump',
    'ioerror',
    'watchdog',
    'from-snapshot',
    'shutting-down',
    'snapshot',
    'crashed',
    'starting-up',
    'postcopy',
    'postcopy-failed',
  ],
  shutdown: ['unknown', 'user'],
  shutoff: ['unknown', 'shutdown', 'destroyed', 'crashed', 'migrated', 'saved', 'failed', 'from-snapshot', 'daemon'],
  crashed: ['unknown', 'panicked'],
};

export const domainStateOf = (state: number): DomainState => domainStates[state] ?? 'unknown';

export const domainReasonOf = (state: number, reason: number): string =>
  domainReasons[domainStateOf(state)]?.[reason] ?? 'unknown';

/** virDomainEventType and, for each, its details, by number. */
const lifecycles = [
  ['defined', ['added', 'updated', 'renamed', 'from-snapshot']],
  ['undefined', ['removed', 'renamed']],
  ['started', ['booted', 'migrated', 'restored', 'from-snapshot', 'wakeup']],
  [
    'suspended',
    [
      'paused',
      'migrated',
      'ioerror',
      'watchdog',
      'restored',
      'from-snapshot',
      'api-error',
      'postcopy',
      'postcopy-failed',
    ],
  ],
  ['resumed', ['unpaused', 'migrated', 'from-snapshot', 'postcopy', 'postcopy-failed']],
  ['stopped', ['shutdown', 'destroyed', 'crashed', 'migrated', 'saved', 'failed', 'from-snapshot']],
  ['shutdown', ['finished', 'guest', 'host']],
  ['pmsuspended', ['memory', 'disk']],
  ['crashed', ['panicked', 'crashloaded']],
] as const;
export type Lifecycle = (typeof lifecycles)[number][0] | 'unknown';

/** @returns the event and its detail in words; numbers of a newer libvirt are `unknown`. */
export const lifecycleOf = (event: number, detail: number): { change: Lifecycle; detail: string } => {
  const known = lifecycles[event];
  return { change: known?.[0] ?? 'unknown', detail: known?.[1][detail] ?? 'unknown' };
};

export type AgentState = 'connected' | 'disconnected' | 'unknown';

export const agentStateOf = (state: number): AgentState =>
  state === 1 ? 'connected' : state === 2 ? 'disconnected' : 'unknown';
