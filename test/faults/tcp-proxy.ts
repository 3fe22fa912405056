import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

export type From = 'client' | 'server';
/** One connection that is relayed; `notes` is for whoever watches it. */
export type Link = Readonly<{ client: Socket; server: Socket; notes: Set<string> }>;
/** Looks at what passes. `cut` takes it away and resets both ends: neither hears of it. */
export type Watch = (from: From, chunk: Buffer, link: Link) => 'pass' | 'cut';

/**
 * A relay on loopback that misbehaves as networks do. How it does may change at any time, for connections that are open as
 * well as for those to come.
 */
export class TcpProxy {
  /** Milliseconds that everything is late, in each direction. */
  delayMs = 0;
  bytesPerSecond = Infinity;
  watch: Watch = () => 'pass';
  readonly #links = new Set<Link>();
  #isSilent = false;
  #speak: (() => void)[] = [];

  static async to(port: number): Promise<TcpProxy> {
    const server = createServer({ allowHalfOpen: true });
    const proxy = new TcpProxy(server, port);
    server.on('connection', (client) => proxy.#relay(client));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  private constructor(
    private readonly listener: Server,
    private readonly target: number,
  ) {}

  get port(): number {
    const address = this.listener.address();
    if (typeof address !== 'object' || address === null) throw new Error('the proxy does not listen');
    return address.port;
  }

  get open(): number {
    return this.#links.size;
  }

  /** Half open: connections are accepted and stay, and nothing passes, not even their end. */
  fallSilent(): void {
    this.#isSilent = true;
  }

  speak(): void {
    this.#isSilent = false;
    for (const wake of this.#speak.splice(0)) wake();
  }

  /** Resets every connection. */
  cut(): void {
    for (const link of this.#links) reset(link);
  }

  async close(): Promise<void> {
    this.speak();
    this.cut();
    this.listener.close();
    await once(this.listener, 'close');
  }

  #relay(client: Socket): void {
    const server = connect({ port: this.target, host: '127.0.0.1', allowHalfOpen: true });
    const link: Link = { client, server, notes: new Set() };
    this.#links.add(link);
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      // Either end may go at any time; the other is then reset, unless nothing passes.
      socket.on('error', () => void this.#whenItSpeaks().then(() => reset(link)));
      socket.on('close', () => void this.#whenItSpeaks().then(() => this.#links.delete(link)));
    }
    this.#pass('client', link, client, server);
    this.#pass('server', link, server, client);
  }

  /** What arrives first leaves first, each when its time has come. */
  #pass(from: From, link: Link, source: Socket, sink: Socket): void {
    let before: Promise<void> = Promise.resolve();
    const then = (work: () => Promise<unknown>) => {
      const due = performance.now() + this.delayMs;
      before = before.then(async () => {
        await this.#whenItSpeaks();
        if (due > performance.now()) await pause(due - performance.now());
        await work();
      });
    };
    source.on('data', (chunk: Buffer) => {
      if (this.watch(from, chunk, link) === 'cut') reset(link);
      else then(() => this.#write(sink, chunk));
    });
    source.on('end', () => then(async () => sink.end()));
  }

  async #write(sink: Socket, chunk: Buffer): Promise<void> {
    if (!Number.isFinite(this.bytesPerSecond)) return void sink.write(chunk);
    for (const byte of chunk) {
      if (sink.destroyed) return;
      sink.write(Buffer.of(byte));
      await pause(1000 / this.bytesPerSecond);
    }
  }

  async #whenItSpeaks(): Promise<void> {
    while (this.#isSilent) await new Promise<void>((resolve) => this.#speak.push(resolve));
  }
}

const reset = ({ client, server }: Link): void => {
  for (const socket of [client, server]) if (!socket.destroyed) socket.resetAndDestroy();
};
