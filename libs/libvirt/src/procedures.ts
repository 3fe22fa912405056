import {
  array,
  bool,
  double,
  fixedArray,
  fixedOpaque,
  hyper,
  int,
  mapped,
  nothing,
  optional,
  string,
  struct,
  uhyper,
  uint,
  XdrError,
} from './xdr.js';
import type { Codec, ValueOf } from './xdr.js';

/**
 * The procedures that we use, with their numbers and layouts: facts of libvirt's remote_protocol.x and qemu_protocol.x.
 * Numbers and layouts are never changed there, only appended to. A struct of one member has the bytes of that member, so
 * such results are that member here. 64-bit numbers are bigint, whatever they count.
 */

/** virnetprotocol.x: which numbering a procedure belongs to. Every program we speak has version 1. */
export const Program = { Remote: 0x2000_8086, Qemu: 0x2000_8087, KeepAlive: 0x6b65_6570 } as const;

// ── What procedures speak about ─────────────────────────────────

const uuid: Codec<string> = mapped(
  fixedOpaque(16),
  (bytes) =>
    Buffer.from(bytes)
      .toString('hex')
      .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
  (text) => {
    const bytes = Buffer.from(text.replaceAll('-', ''), 'hex');
    if (bytes.length !== 16) throw new XdrError(`"${text}" is not a uuid`);
    return bytes;
  },
);

export const domain = struct({ name: string, uuid, id: int });
const network = struct({ name: string, uuid });

/** A domain as libvirt names it; the daemon looks it up by `uuid`. `id` is -1 while the domain is off. */
export type DomainRef = ValueOf<typeof domain>;
export type NetworkRef = ValueOf<typeof network>;

/** Texts of fixed length are arrays of char, and XDR spends four bytes on each char. */
const fixedText = (length: number): Codec<string> =>
  mapped(
    fixedArray(length, int),
    (chars) => Buffer.from(chars).toString('latin1').replace(/\0.*$/s, ''),
    (text) => Array.from({ length }, (_, i) => text.charCodeAt(i) || 0),
  );

/** Lists come with their length said twice; the second one is a remnant. */
const listed = <T>(item: Codec<T>): Codec<readonly T[]> =>
  mapped(
    struct({ items: array(item), count: uint }),
    ({ items }) => items,
    (items) => ({ items, count: items.length }),
  );

/** Calls that may answer with a bare count are always asked for the list itself. */
const listing = <T>(rest: Codec<T>): Codec<T> =>
  mapped(
    struct({ needResults: bool, rest }),
    ({ rest: kept }) => kept,
    (kept) => ({ needResults: true, rest: kept }),
  );

/** virTypedParameter's value: its type by number, then the value. */
const parameterCodecs: readonly Codec<unknown>[] = [int, uint, hyper, uhyper, double, bool, string];
const parameterTypes = ['int', 'uint', 'hyper', 'uhyper', 'double', 'bool', 'string'] as const;
export type ParameterValue =
  | { readonly type: 'int' | 'uint' | 'double'; readonly value: number }
  | { readonly type: 'hyper' | 'uhyper'; readonly value: bigint }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string };

const parameterValue: Codec<ParameterValue> = {
  encode(writer, { type, value }) {
    const index = parameterTypes.indexOf(type);
    writer.int32(index + 1);
    parameterCodecs[index]?.encode(writer, value);
  },
  decode(reader) {
    const number = reader.int32();
    const type = parameterTypes[number - 1];
    const codec = parameterCodecs[number - 1];
    if (type === undefined || codec === undefined) throw new XdrError(`no typed parameter is of type ${number}`);
    // The two arrays run side by side, which the compiler cannot see.
    return { type, value: codec.decode(reader) } as ParameterValue;
  },
};

const parameters = array(struct({ field: string, value: parameterValue }));

const lease = struct({
  bridge: string,
  /** Seconds since 1970. */
  expiry: hyper,
  /** 0 is IPv4, 1 is IPv6. */
  type: int,
  mac: optional(string),
  iaid: optional(string),
  address: string,
  prefix: uint,
  hostname: optional(string),
  clientId: optional(string),
});
export type DhcpLease = ValueOf<typeof lease>;

/** What an error reply carries (virnetprotocol.x, virNetMessageError). */
export const errorReply = struct({
  code: int,
  domain: int,
  message: optional(string),
  level: int,
  subject: optional(domain),
  text1: optional(string),
  text2: optional(string),
  text3: optional(string),
  number1: int,
  number2: int,
  network: optional(network),
});

// ── The table ───────────────────────────────────────────────────

export type Procedure<A, R> = {
  readonly program: number;
  readonly number: number;
  readonly args: Codec<A>;
  readonly result: Codec<R>;
};

const remote = <A, R>(number: number, args: Codec<A>, result: Codec<R>): Procedure<A, R> => ({
  program: Program.Remote,
  number,
  args,
  result,
});
const qemu = <A, R>(number: number, args: Codec<A>, result: Codec<R>): Procedure<A, R> => ({
  program: Program.Qemu,
  number,
  args,
  result,
});

const none = struct({});
const onDomain = struct({ dom: domain });
const onDomainWithFlags = struct({ dom: domain, flags: uint });
const onDomainWithXml = struct({ dom: domain, xml: string, flags: uint });
const onNetwork = struct({ net: network });

export const procedures = {
  // the connection
  authList: remote(66, none, array(int)),
  connectOpen: remote(1, struct({ uri: optional(string), flags: uint }), nothing),
  connectClose: remote(2, none, nothing),
  connectSupportsFeature: remote(60, struct({ feature: int }), bool),
  connectGetVersion: remote(4, none, uhyper),
  connectGetLibVersion: remote(157, none, uhyper),
  connectGetHostname: remote(59, none, string),
  connectGetUri: remote(110, none, string),
  connectGetCapabilities: remote(7, none, string),
  connectGetAllDomainStats: remote(
    344,
    struct({ doms: array(domain), stats: uint, flags: uint }),
    array(struct({ dom: domain, params: parameters })),
  ),
  connectListAllDomains: remote(273, listing(struct({ flags: uint })), listed(domain)),
  connectListAllNetworks: remote(283, listing(struct({ flags: uint })), listed(network)),
  connectDomainEventCallbackRegisterAny: remote(316, struct({ eventId: int, dom: optional(domain) }), int),
  connectDomainEventCallbackDeregisterAny: remote(317, struct({ callbackId: int }), nothing),

  // the host; memory in KiB, free memory in bytes
  nodeGetInfo: remote(
    6,
    none,
    struct({
      model: fixedText(32),
      memory: uhyper,
      cpus: int,
      mhz: int,
      nodes: int,
      sockets: int,
      cores: int,
      threads: int,
    }),
  ),
  nodeGetFreeMemory: remote(102, none, uhyper),

  // domains
  domainLookupByName: remote(23, struct({ name: string }), domain),
  domainLookupByUuid: remote(24, struct({ uuid }), domain),
  domainDefineXmlFlags: remote(350, struct({ xml: string, flags: uint }), domain),
  domainUndefineFlags: remote(231, onDomainWithFlags, nothing),
  domainCreateWithFlags: remote(196, onDomainWithFlags, domain),
  domainDestroyFlags: remote(234, onDomainWithFlags, nothing),
  domainShutdownFlags: remote(258, onDomainWithFlags, nothing),
  domainReboot: remote(27, onDomainWithFlags, nothing),
  domainReset: remote(245, onDomainWithFlags, nothing),
  domainSuspend: remote(34, onDomain, nothing),
  domainResume: remote(28, onDomain, nothing),
  domainGetState: remote(212, onDomainWithFlags, struct({ state: int, reason: int })),
  /** Memory in KiB, CPU time in nanoseconds. */
  domainGetInfo: remote(
    16,
    onDomain,
    struct({ state: uint, maxMemory: uhyper, memory: uhyper, vcpus: uint, cpuTime: uhyper }),
  ),
  domainGetXmlDesc: remote(14, onDomainWithFlags, string),
  domainIsActive: remote(150, onDomain, bool),
  domainIsPersistent: remote(151, onDomain, bool),
  domainSetAutostart: remote(29, struct({ dom: domain, autostart: bool }), nothing),
  domainSetMetadata: remote(
    264,
    struct({
      dom: domain,
      type: int,
      metadata: optional(string),
      key: optional(string),
      uri: optional(string),
      flags: uint,
    }),
    nothing,
  ),
  domainGetMetadata: remote(265, struct({ dom: domain, type: int, uri: optional(string), flags: uint }), string),
  domainAttachDeviceFlags: remote(160, onDomainWithXml, nothing),
  domainDetachDeviceFlags: remote(161, onDomainWithXml, nothing),
  domainUpdateDeviceFlags: remote(174, onDomainWithXml, nothing),
  domainSetVcpusFlags: remote(199, struct({ dom: domain, vcpus: uint, flags: uint }), nothing),
  /** Memory in KiB. */
  domainSetMemoryFlags: remote(204, struct({ dom: domain, memory: uhyper, flags: uint }), nothing),
  /** Size in KiB, or in bytes with flag 1. */
  domainBlockResize: remote(251, struct({ dom: domain, disk: string, size: uhyper, flags: uint }), nothing),
  domainBackupBegin: remote(
    421,
    struct({ dom: domain, backupXml: string, checkpointXml: optional(string), flags: uint }),
    nothing,
  ),
  domainFsfreeze: remote(335, struct({ dom: domain, mountpoints: array(string), flags: uint }), int),
  domainFsthaw: remote(336, struct({ dom: domain, mountpoints: array(string), flags: uint }), int),

  // networks
  networkLookupByName: remote(46, struct({ name: string }), network),
  networkLookupByUuid: remote(47, struct({ uuid }), network),
  networkDefineXml: remote(41, struct({ xml: string }), network),
  networkUndefine: remote(49, onNetwork, nothing),
  networkCreate: remote(39, onNetwork, nothing),
  networkDestroy: remote(42, onNetwork, nothing),
  networkGetXmlDesc: remote(43, struct({ net: network, flags: uint }), string),
  /** As the wire has it. Daemons older than 7.2 read the first two numbers the other way round: use `updateNetwork`. */
  networkUpdate: remote(
    291,
    struct({ net: network, command: uint, section: uint, parentIndex: int, xml: string, flags: uint }),
    nothing,
  ),
  networkSetAutostart: remote(48, struct({ net: network, autostart: bool }), nothing),
  networkIsActive: remote(152, onNetwork, bool),
  networkIsPersistent: remote(153, onNetwork, bool),
  networkGetDhcpLeases: remote(
    341,
    mapped(
      struct({ net: network, mac: optional(string), needResults: bool, flags: uint }),
      ({ net, mac, flags }) => ({ net, mac, flags }),
      (asked) => ({ ...asked, needResults: true }),
    ),
    listed(lease),
  ),

  // QEMU only: the guest agent (timeout in seconds, or AgentTimeout) and the monitor, both in JSON
  qemuDomainAgentCommand: qemu(
    3,
    struct({ dom: domain, command: string, timeout: int, flags: uint }),
    optional(string),
  ),
  qemuDomainMonitorCommand: qemu(1, struct({ dom: domain, command: string, flags: uint }), string),
} as const;

export type ProcedureName = keyof typeof procedures;
export type ArgsOf<N extends ProcedureName> = ValueOf<(typeof procedures)[N]['args']>;
export type ResultOf<N extends ProcedureName> = ValueOf<(typeof procedures)[N]['result']>;

/** The same table, indexed so that the compiler keeps a procedure's arguments and result together. */
const table: { readonly [N in ProcedureName]: Procedure<ArgsOf<N>, ResultOf<N>> } = procedures;

export const procedureOf = <N extends ProcedureName>(name: N): Procedure<ArgsOf<N>, ResultOf<N>> => table[name];
