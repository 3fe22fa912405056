import { once } from 'node:events';
import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { LibvirtError } from './errors.js';
import { domainEventFrom } from './domain-event.js';
import type { DomainEvent } from './domain-event.js';
import { framed, MessageStatus, MessageType, PacketSplitter } from './framing.js';
import type { Packet } from './framing.js';
import { errorReply, procedureOf, Program } from './procedures.js';
import type { ArgsOf, ProcedureName, ResultOf } from './procedures.js';
import { decode, encode } from './xdr.js';

const PING = 1;
const PONG = 2;

type PendingCall = {
  readonly answer: (status: number, body: Buffer) => void;
  readonly fail: (reason: LibvirtError) => void;
};

/**
 * One socket to one daemon. Calls overlap: each carries a serial, and answers come in whatever order the daemon is done.
 * A connection that broke stays broken; making a new one is the session's business.
 */
export class Connection {
  /** Called once, with the reason, when the connection is over. */
  onClose: (reason: LibvirtError) => void = () => undefined;
  onEvent: (event: DomainEvent) => void = () => undefined;

  readonly #pending = new Map<number, PendingCall>();
  readonly #splitter = new PacketSplitter();
  #serial = 0;
  #brokenBy: LibvirtError | undefined;

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (cause) =>
      this.#break(new LibvirtError('lost', `connection broke: ${cause.message}`, { cause })),
    );
    socket.on('close', () => this.#break(new LibvirtError('lost', 'the daemon closed the connection')));
  }

  /** @throws LibvirtError `unreachable` when nobody listens on the socket. */
  static async open(socketPath: string): Promise<Connection> {
    const socket = createConnection(socketPath);
    try {
      await once(socket, 'connect');
    } catch (cause) {
      throw new LibvirtError('unreachable', `no libvirt daemon answers on ${socketPath}`, { cause });
    }
    return new Connection(socket);
  }

  /** @throws LibvirtError of any kind; XdrError when `args` do not fit the wire (nothing was sent then). */
  async call<N extends ProcedureName>(name: N, args: ArgsOf<N>, deadlineMs: number): Promise<ResultOf<N>> {
    if (this.#brokenBy) throw new LibvirtError('unreachable', `${name} was not sent: ${this.#brokenBy.message}`);
    const procedure = procedureOf(name);
    const body = encode(procedure.args, args);
    const serial = this.#nextSerial();

    return new Promise((resolve, reject) => {
      const fail = (error: LibvirtError): void => {
        clearTimeout(timer);
        this.#pending.delete(serial);
        reject(error);
      };
      const timer = setTimeout(
        () => fail(new LibvirtError('timeout', `${name} was not answered within ${deadlineMs} ms`)),
        deadlineMs,
      );
      this.#pending.set(serial, {
        fail: (reason) => fail(new LibvirtError(reason.kind, `${name}: ${reason.message}`, { cause: reason })),
        answer: (status, bytes) => {
          if (status !== MessageStatus.Ok) return fail(refusalFrom(name, bytes));
          // Decoded before the call is forgotten: should the bytes be unreadable, the call still fails with the connection.
          const result = decode(procedure.result, bytes);
          clearTimeout(timer);
          this.#pending.delete(serial);
          resolve(result);
        },
      });
      const { program, number } = procedure;
      this.socket.write(
        framed({ program, procedure: number, type: MessageType.Call, serial, status: MessageStatus.Ok }, body),
      );
    });
  }

  /** Ends the connection; calls under way fail as `lost`. */
  close(): void {
    this.#break(new LibvirtError('lost', 'the connection was closed here'));
  }

  /** Serials wrap after 2^32 calls; one that a slow call still holds is passed over. */
  #nextSerial(): number {
    do this.#serial = (this.#serial + 1) >>> 0;
    while (this.#pending.has(this.#serial));
    return this.#serial;
  }

  #receive(chunk: Buffer): void {
    try {
      for (const packet of this.#splitter.push(chunk)) this.#dispatch(packet);
    } catch (cause) {
      // Past a packet that we cannot read, nothing on this socket can be trusted.
      this.#break(new LibvirtError('protocol', `the daemon cannot be understood: ${String(cause)}`, { cause }));
    }
  }

  #dispatch({ header, body }: Packet): void {
    if (header.type === MessageType.Reply) {
      // An answer nobody waits for belongs to a call whose deadline has passed.
      this.#pending.get(header.serial)?.answer(header.status, body);
    } else if (header.program === Program.KeepAlive && header.procedure === PING) {
      this.socket.write(framed({ ...header, procedure: PONG }, body));
    } else if (header.program === Program.Remote && header.type === MessageType.Event) {
      const event = domainEventFrom(header.procedure, body);
      // Listeners run on a stack of their own: an accident of theirs is not the daemon's.
      if (event) queueMicrotask(() => this.onEvent(event));
    }
  }

  #break(reason: LibvirtError): void {
    if (this.#brokenBy) return;
    this.#brokenBy = reason;
    this.socket.destroy();
    this.onEvent = () => undefined;
    for (const { fail } of this.#pending.values()) fail(reason);
    this.onClose(reason);
  }
}

const refusalFrom = (name: ProcedureName, bytes: Buffer): LibvirtError => {
  const { message, ...refusal } = decode(errorReply, bytes);
  return new LibvirtError('refused', message ?? `${name} was refused`, { refusal });
};
