import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { argv } from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { compare } from './stream-comparison.js';
import type { FollowTask, Wanted } from './stream-followers.js';

/**
 * Many clients that follow the events of one cloud, as a browser does: a connection that breaks is made anew, and goes
 * on behind the last event that was received whole. Connections are broken here, one after the other.
 */

// Started by us, with an argument made by us.
const { apiUrl, key, clients: count, since, dropsPerSecond } = JSON.parse(argv[2] ?? '') as FollowTask;

const agent = new Agent({ keepAlive: false, maxSockets: Infinity });
const PATIENCE = 30_000;
const TIME = '"time":"';

const latencies: number[] = [];
const reconnectMs: number[] = [];
let drops = 0;
let isDropping = true;

class Client {
  /** The positions of what was received, in the order of arrival. */
  readonly received: number[] = [];
  #response: IncomingMessage | undefined;
  #isConnecting = false;
  #isOver = false;

  connect(): Promise<void> {
    this.#isConnecting = true;
    const last = this.received.at(-1) ?? since;
    const headers = { authorization: `Bearer ${key}`, accept: 'text/event-stream', 'last-event-id': String(last) };
    return new Promise((resolve, reject) => {
      const sent = request(`${apiUrl}/v1/events`, { agent, headers }, (response) => {
        if (response.statusCode !== 200) return reject(new Error(`a stream answered ${response.statusCode}`));
        this.#isConnecting = false;
        this.#response = response;
        this.#listen(response);
        resolve();
      });
      sent.once('error', reject);
      sent.end();
    });
  }

  get last(): number {
    return this.received.at(-1) ?? 0;
  }

  /** Breaks the connection in the middle of whatever it is receiving, and makes a new one. */
  async drop(): Promise<void> {
    if (this.#isConnecting) return;
    this.#response?.destroy();
    drops++;
    const began = performance.now();
    await this.connect();
    reconnectMs.push(performance.now() - began);
  }

  end(): void {
    this.#isOver = true;
    this.#response?.destroy();
  }

  #listen(response: IncomingMessage) {
    let rest = '';
    response.setEncoding('utf8').on('data', (text: string) => {
      // What a connection brings after it was broken belongs to nobody.
      if (response !== this.#response || this.#isOver) return;
      const frames = (rest + text).split('\n\n');
      rest = frames.pop() ?? '';
      const now = Date.now();
      for (const frame of frames) this.#receive(frame, now);
    });
    response.on('error', () => undefined);
  }

  #receive(frame: string, now: number) {
    if (!frame.startsWith('id: ')) return;
    this.received.push(Number.parseInt(frame.slice(4), 10));
    const time = frame.indexOf(TIME) + TIME.length;
    latencies.push(now - Date.parse(frame.slice(time, time + 24)));
  }
}

const clients = Array.from({ length: count }, () => new Client());

const clientAt = (index: number): Client => {
  const client = clients[index % clients.length];
  if (!client) throw new Error('there are no clients');
  return client;
};

/** At a steady rate, however long it takes to connect anew. */
const breakConnections = async () => {
  const began = performance.now();
  const resumed: Promise<void>[] = [];
  while (isDropping) {
    await pause(10);
    const due = ((performance.now() - began) * dropsPerSecond) / 1000;
    while (isDropping && resumed.length < due) resumed.push(clientAt(resumed.length).drop());
  }
  await Promise.all(resumed);
};

const ended = new Promise<Wanted>((resolve) => process.once('message', (wanted: Wanted) => resolve(wanted)));
process.once('disconnect', () => process.exit(0));

await Promise.all(clients.map((client) => client.connect()));
const breaking = breakConnections();
process.send?.('following');
const wanted = await ended;
isDropping = false;
await breaking;
const last = wanted.positions.at(-1) ?? 0;
for (const deadline = Date.now() + PATIENCE; Date.now() < deadline && clients.some((it) => it.last < last);) {
  await pause(20);
}
const received = clients.map((client) => client.received);
process.send?.({ ...compare(wanted.positions, received), drops, latencies, reconnectMs });
for (const client of clients) client.end();
