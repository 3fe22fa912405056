import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { domainEvents } from '../domain-event.js';
import { LibvirtError } from '../errors.js';
import { framed, MessageStatus, MessageType, PacketSplitter } from '../framing.js';
import type { Header, Packet } from '../framing.js';
import { errorReply, procedureOf, procedures, Program } from '../procedures.js';
import type { ArgsOf, DomainRef, ProcedureName, ResultOf } from '../procedures.js';
import { decode, encode } from '../xdr.js';

/** What the fake says to each procedure. Throw a refused LibvirtError to refuse; answer a promise to take your time. */
export type FakeAnswers = { [N in ProcedureName]?: (args: ArgsOf<N>) => ResultOf<N> | Promise<ResultOf<N>> };

// Object.keys forgets that it lists the table's own names.
const names = Object.keys(procedures) as ProcedureName[];

/**
 * The daemon's end of the wire, without a daemon behind it. It shares the codecs with the client, so it shows how the
 * session behaves, not whether a layout is right: that takes a real daemon.
 */
export class FakeDaemon {
  /** Every procedure called, in order of arrival, over all connections. */
  readonly called: ProcedureName[] = [];
  /** Packets of the keep-alive program that clients sent. */
  readonly pongs: Header[] = [];
  /** Replies leave in pieces of this many bytes. */
  pieceBytes = Number.POSITIVE_INFINITY;

  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #callbacks = 0;

  private constructor(
    private readonly directory: string,
    private readonly answers: FakeAnswers,
  ) {}

  static async start(answers: FakeAnswers = {}): Promise<FakeDaemon> {
    const standard: FakeAnswers = {
      authList: () => [0],
      connectOpen: () => undefined,
      connectDomainEventCallbackRegisterAny: () => daemon.#callbacks++,
    };
    const directory = await mkdtemp(join(tmpdir(), 'fake-libvirt-'));
    const daemon = new FakeDaemon(directory, { ...standard, ...answers });
    await daemon.listen();
    return daemon;
  }

  get socketPath(): string {
    return join(this.directory, 'libvirt-sock');
  }

  get connections(): number {
    return this.#sockets.size;
  }

  async listen(): Promise<void> {
    this.#server = createServer((socket) => this.#serve(socket)).listen(this.socketPath);
    await once(this.#server, 'listening');
  }

  /** As a daemon that is killed: every connection ends and nobody listens, until `listen`. */
  async die(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(server, 'close');
  }

  async stop(): Promise<void> {
    await this.die();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Tells every connection that the domain was started. */
  tellStarted(domain: DomainRef): void {
    const { number, message } = domainEvents.lifecycle;
    const started = { callbackId: 0, domain, event: 2, detail: 0 };
    this.#tell({ program: Program.Remote, procedure: number }, encode(message, started));
  }

  ping(): void {
    this.#tell({ program: Program.KeepAlive, procedure: 1 }, Buffer.alloc(0));
  }

  /** Sends bytes that may be no packet at all. */
  sendRaw(bytes: Buffer): void {
    for (const socket of this.#sockets) socket.write(bytes);
  }

  #tell(about: Pick<Header, 'program' | 'procedure'>, body: Buffer): void {
    this.sendRaw(framed({ ...about, type: MessageType.Event, serial: 0, status: MessageStatus.Ok }, body));
  }

  #serve(socket: Socket): void {
    const splitter = new PacketSplitter();
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      for (const packet of splitter.push(chunk)) void this.#receive(socket, packet);
    });
  }

  async #receive(socket: Socket, packet: Packet): Promise<void> {
    const { program, procedure } = packet.header;
    if (program === Program.KeepAlive) {
      this.pongs.push(packet.header);
      return;
    }
    const name = names.find((it) => procedureOf(it).program === program && procedureOf(it).number === procedure);
    if (name === undefined) throw new Error(`the table has no procedure ${procedure} of program ${program}`);
    this.called.push(name);
    await this.#send(socket, await this.#reply(name, packet));
  }

  async #reply<N extends ProcedureName>(name: N, { header, body }: Packet): Promise<Buffer> {
    const { args, result } = procedureOf(name);
    const answer = this.answers[name];
    try {
      if (!answer) throw new LibvirtError('refused', `${name} is not answered here`, { refusal: unsupported });
      const bytes = encode(result, await answer(decode(args, body)));
      return framed({ ...header, type: MessageType.Reply }, bytes);
    } catch (error) {
      if (!(error instanceof LibvirtError)) throw error;
      const { code, domain, level, message } = error;
      const bytes = encode(errorReply, { ...emptyError, code, domain, level, message });
      return framed({ ...header, type: MessageType.Reply, status: MessageStatus.Error }, bytes);
    }
  }

  async #send(socket: Socket, bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length && !socket.destroyed; at += this.pieceBytes) {
      socket.write(bytes.subarray(at, at + this.pieceBytes));
      // A turn of the loop between two pieces, or the kernel may hand them over as one.
      if (this.pieceBytes < bytes.length) await turn();
    }
  }
}

const unsupported = { code: 3, domain: 0, level: 2 };

const emptyError = { subject: null, text1: null, text2: null, text3: null, number1: 0, number2: 0, network: null };
