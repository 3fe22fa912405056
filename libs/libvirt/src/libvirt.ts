import { EventEmitter } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { Connection } from './connection.js';
import { domainReasonOf, domainStateOf } from './constants.js';
import type { DomainState } from './constants.js';
import { domainEvents } from './domain-event.js';
import type { DomainEvent } from './domain-event.js';
import { ErrorCode, isNoSuchDomain, isNoSuchNetwork, LibvirtError } from './errors.js';
import type { ArgsOf, DomainRef, NetworkRef, ProcedureName, ResultOf } from './procedures.js';

export type LibvirtOptions = {
  /** The daemon's local socket. Default `/run/libvirt/libvirt-sock`. */
  readonly socketPath?: string;
  /** What the daemon is asked to drive: `qemu:///system` (default), `test:///default`, … */
  readonly uri?: string;
  /** How long a call may take, unless it says otherwise, in milliseconds. Default 30 000. */
  readonly deadlineMs?: number;
  /** Pause before the first attempt to reconnect, in milliseconds; it doubles up to `mostMs`. Default 100 and 5 000. */
  readonly retry?: { readonly firstMs: number; readonly mostMs: number };
};

export type CallOptions = { readonly deadlineMs?: number };

/** Procedures without arguments are called by their name alone. */
type Arguments<N extends ProcedureName> =
  object extends ArgsOf<N> ? [args?: ArgsOf<N>, options?: CallOptions] : [args: ArgsOf<N>, options?: CallOptions];

export type LibvirtEvents = {
  /** A hint that a domain changed. */
  domain: [event: DomainEvent];
  disconnected: [reason: LibvirtError];
  /** An attempt to come back failed; the next one follows by itself. */
  unreachable: [reason: LibvirtError];
  /** The daemon answers again and events flow again. What happened in between was not told: read everything anew. */
  reconnected: [];
};

/** VIR_DRV_FEATURE_NETWORK_UPDATE_HAS_CORRECT_ORDER, of libvirt's driver.h. */
const FEATURE_NETWORK_UPDATE_ORDER = 16;

const AUTH_NONE = 0;

/**
 * A session with a libvirt daemon. It comes back by itself when the daemon does, with its events; calls are never
 * repeated by it, because only the caller knows whether that is safe.
 */
export class Libvirt extends EventEmitter<LibvirtEvents> {
  readonly #options: Required<LibvirtOptions>;
  readonly #closing = new AbortController();
  #connection: Connection | undefined;

  private constructor(options: LibvirtOptions) {
    super();
    this.#options = {
      socketPath: '/run/libvirt/libvirt-sock',
      uri: 'qemu:///system',
      deadlineMs: 30_000,
      retry: { firstMs: 100, mostMs: 5000 },
      ...options,
    };
  }

  /** @throws LibvirtError `unreachable` when no daemon answers, `refused` when it will not open the uri. */
  static async connect(options: LibvirtOptions = {}): Promise<Libvirt> {
    const libvirt = new Libvirt(options);
    await libvirt.#establish();
    return libvirt;
  }

  get connected(): boolean {
    return this.#connection !== undefined;
  }

  /**
   * Calls a procedure of the table. Calls under way at the same time are run by the daemon side by side, in any order.
   * @throws LibvirtError; see `LibvirtErrorKind` for what each kind says about the outcome.
   */
  async call<N extends ProcedureName>(name: N, ...[args, options]: Arguments<N>): Promise<ResultOf<N>> {
    if (!this.#connection) throw new LibvirtError('unreachable', `${name} was not sent: not connected`);
    // Left out only where the procedure takes no arguments, and then the empty object is its whole type.
    return this.#connection.call(name, args ?? ({} as ArgsOf<N>), options?.deadlineMs ?? this.#options.deadlineMs);
  }

  // ── What reads better with a name of its own ────────────────────

  /** All domains; or those that `flags` (ListDomains) select. */
  domains(flags = 0): Promise<readonly DomainRef[]> {
    return this.call('connectListAllDomains', { flags });
  }

  /** All networks; or those that `flags` (ListNetworks) select. */
  networks(flags = 0): Promise<readonly NetworkRef[]> {
    return this.call('connectListAllNetworks', { flags });
  }

  findDomain(by: { readonly name: string } | { readonly uuid: string }): Promise<DomainRef | undefined> {
    return unless(
      isNoSuchDomain,
      'name' in by ? this.call('domainLookupByName', by) : this.call('domainLookupByUuid', by),
    );
  }

  findNetwork(by: { readonly name: string } | { readonly uuid: string }): Promise<NetworkRef | undefined> {
    return unless(
      isNoSuchNetwork,
      'name' in by ? this.call('networkLookupByName', by) : this.call('networkLookupByUuid', by),
    );
  }

  /** The state in words, and why: `{ state: 'shutoff', reason: 'crashed' }`. */
  async stateOf(dom: DomainRef): Promise<{ readonly state: DomainState; readonly reason: string }> {
    const { state, reason } = await this.call('domainGetState', { dom, flags: 0 });
    return { state: domainStateOf(state), reason: domainReasonOf(state, reason) };
  }

  /**
   * Asks the guest agent, `{ execute: 'guest-ping' }`, and gives what it returned. The guest's time is limited by the
   * daemon (`timeoutSeconds`); our own deadline comes after it, so that the daemon's clearer error is the one that is seen.
   */
  async agentCommand(
    dom: DomainRef,
    command: { readonly execute: string; readonly arguments?: object },
    timeoutSeconds = 5,
  ): Promise<unknown> {
    const reply = await this.call(
      'qemuDomainAgentCommand',
      { dom, command: JSON.stringify(command), timeout: timeoutSeconds, flags: 0 },
      { deadlineMs: this.#options.deadlineMs + Math.max(timeoutSeconds, 0) * 1000 },
    );
    const answer: unknown = JSON.parse(reply ?? '{}');
    return answer instanceof Object && 'return' in answer ? answer.return : undefined;
  }

  /**
   * Changes one element of a network. Up to libvirt 7.1 both ends swapped command and section; a daemon that no longer
   * does says so, and an older one gets them the old way.
   */
  async updateNetwork(
    net: NetworkRef,
    change: { command: number; section: number; xml: string; parentIndex?: number; flags?: number },
  ): Promise<void> {
    const { command, section, xml, parentIndex = -1, flags = 0 } = change;
    const asSaid = await this.call('connectSupportsFeature', { feature: FEATURE_NETWORK_UPDATE_ORDER });
    const order = asSaid ? { command, section } : { command: section, section: command };
    await this.call('networkUpdate', { net, ...order, parentIndex, xml, flags });
  }

  /** Ends the session. Calls under way fail as `lost`; no event follows. */
  close(): void {
    this.#closing.abort();
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.close();
  }

  // ── Coming and coming back ──────────────────────────────────────

  async #establish(): Promise<void> {
    const { socketPath, uri, deadlineMs } = this.#options;
    const connection = await Connection.open(socketPath);
    try {
      const ways = await connection.call('authList', {}, deadlineMs);
      if (!ways.includes(AUTH_NONE)) {
        const refusal = { code: ErrorCode.AuthFailed, domain: 0, level: 2 };
        throw new LibvirtError('refused', `the daemon on ${socketPath} wants a sign-in`, { refusal });
      }
      await connection.call('connectOpen', { uri, flags: 0 }, deadlineMs);
      connection.onEvent = (event) => this.emit('domain', event);
      for (const { eventId } of Object.values(domainEvents)) {
        await connection.call('connectDomainEventCallbackRegisterAny', { eventId, dom: null }, deadlineMs);
      }
      this.#closing.signal.throwIfAborted();
    } catch (error) {
      connection.close();
      throw error;
    }
    connection.onClose = (reason) => void this.#comeBack(reason);
    this.#connection = connection;
  }

  async #comeBack(reason: LibvirtError): Promise<void> {
    const { signal } = this.#closing;
    if (signal.aborted) return;
    this.#connection = undefined;
    this.emit('disconnected', reason);
    const { firstMs, mostMs } = this.#options.retry;
    for (let wait = firstMs; ; wait = Math.min(wait * 2, mostMs)) {
      const failure = await this.#attempt(wait);
      if (signal.aborted) return;
      if (!failure) break;
      this.emit('unreachable', failure);
    }
    this.emit('reconnected');
  }

  /** @returns what made the attempt fail, if it did and an attempt may follow. */
  async #attempt(waitMs: number): Promise<LibvirtError | undefined> {
    const { signal } = this.#closing;
    try {
      await pause(waitMs, undefined, { signal });
      await this.#establish();
      return undefined;
    } catch (error) {
      if (signal.aborted) return undefined;
      if (error instanceof LibvirtError) return error;
      throw error;
    }
  }
}

/** A refusal that only says "there is none" is an answer. */
const unless = async <T>(isNone: (error: unknown) => boolean, found: Promise<T>): Promise<T | undefined> => {
  try {
    return await found;
  } catch (error) {
    if (isNone(error)) return undefined;
    throw error;
  }
};
